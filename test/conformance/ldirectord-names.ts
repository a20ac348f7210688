// The names that the recorded configurations use, as the machine of the recordings knew them.

import type { NameLookup } from '#src/config/director-names.js';

const ports: Readonly<Record<string, { readonly tcp?: number; readonly udp?: number }>> = {
  http: { tcp: 80 },
  https: { tcp: 443, udp: 443 },
  'http-alt': { tcp: 8080, udp: 8080 },
  webcache: { tcp: 8080, udp: 8080 },
  domain: { tcp: 53, udp: 53 },
  smtp: { tcp: 25 },
};

/** `hosts` are lines of a hosts file: address and names. */
export function recordedNames(hosts: readonly (readonly string[])[] = []): NameLookup {
  const known = new Map<string, string>();
  for (const [address = '', ...names] of hosts) {
    const family = address.includes(':') ? 6 : 4;
    for (const name of names) known.set(`${family} ${name}`, address);
  }
  const missing = (path: string): string | undefined =>
    path.startsWith('/nonexistent') ? 'No such file or directory' : undefined;
  return {
    hostName: 'HOSTNAME',
    host: (name, family) => known.get(`${family} ${name}`),
    service: (name, protocol) => {
      const found = ports[name];
      return protocol === 'any' ? (found?.tcp ?? found?.udp) : found?.[protocol];
    },
    fileFault: missing,
    folderFault: missing,
  };
}
