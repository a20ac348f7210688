// IPv4 and IPv6 addresses between text and network-order bytes. The text made here is canonical
// (RFC 5952), so that equal addresses are equal texts; zones (`%eth0`) and CIDR suffixes are not
// addresses and are refused.

/** 4 bytes; undefined unless `text` is four decimal numbers without leading zeros. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const groups = text.split('.');
  if (groups.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [at, group] of groups.entries()) {
    // Leading zeros are octal to inet_aton and decimal to others: refused, as by inet_pton.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(group) || Number(group) > 255) return undefined;
    bytes[at] = Number(group);
  }
  return bytes;
}

/** 16 bytes; accepts every form of RFC 4291 section 2.2. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || text.length > 45) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const given = head.length + tail.length;
  // `::` stands for at least one group of zeros.
  if (halves.length === 1 ? given !== 16 : given > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

function parseGroups(text: string, mayEndInIpv4: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const last = mayEndInIpv4 && at === groups.length - 1 ? parseIpv4(group) : undefined;
    if (last === undefined) return undefined;
    bytes.push(...last);
  }
  return bytes;
}

export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Canonical text of 4 or 16 bytes; undefined for any other length. */
export function formatIp(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  return bytes.length === 16 ? formatIpv6(bytes) : undefined;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  const [start, length] = longestZeroRun(groups);
  const hex = (part: readonly number[]): string =>
    part.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The first longest run of zero groups (RFC 5952 section 4.2.3). */
function longestZeroRun(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  let start = 0;
  for (const [at, group] of groups.entries()) {
    if (group !== 0) start = at + 1;
    else if (at + 1 - start > best[1]) best = [start, at + 1 - start];
  }
  return best;
}

/** The same address in canonical text; undefined when `text` is no address. */
export function canonicalIp(text: string): string | undefined {
  const bytes = parseIp(text);
  return bytes === undefined ? undefined : formatIp(bytes);
}

/** Whether the first `prefixLength` bits of two addresses of one family are equal. */
export function samePrefix(a: Uint8Array, b: Uint8Array, prefixLength: number): boolean {
  if (a.length !== b.length) return false;
  const whole = Math.min(prefixLength >> 3, a.length);
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = prefixLength & 7;
  if (rest === 0 || whole >= a.length) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((a[whole] ?? 0) & mask) === ((b[whole] ?? 0) & mask);
}
