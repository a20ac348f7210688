// The arguments of the built-in resources, as heartbeat's scripts of those names take them. Pure:
// the parser warns by it, and the resources are run by it.

import { failure, ok, type Result } from '../base/result.js';
import { parseIp } from '../wire/ip-address.js';
import { isInterfaceName, prefixOfNetmask } from './ipaddr-arguments.js';

export type SyncRole = 'master' | 'backup';

export type BuiltInSpec =
  | { readonly kind: 'delay'; readonly startMs: number; readonly stopMs: number }
  | { readonly kind: 'mail'; readonly to: readonly string[]; readonly subject: string }
  | { readonly kind: 'send-arp'; readonly address: string; readonly interfaceName: string }
  | { readonly kind: 'source-address'; readonly address: string }
  | {
      readonly kind: 'sync-daemon';
      /** The role where the resource runs; elsewhere the other one runs. */
      readonly role: SyncRole;
      readonly interfaceName: string;
      readonly syncId: number;
      /** With `both`: a backup runs beside the master, for what the peer balances. */
      readonly backupId: number | undefined;
    }
  | {
      readonly kind: 'port-block';
      readonly protocol: 'tcp' | 'udp';
      /** Single ports and ranges `low-high`. */
      readonly ports: readonly string[];
      /** Whether a start blocks the ports, or opens them. */
      readonly isBlockedWhileRunning: boolean;
    }
  | { readonly kind: 'masquerade'; readonly network: string; readonly interfaceName: string };

type Spec = Result<BuiltInSpec, 'bad-arguments'>;

/** The kernel allows quotes and braces as well, which would end a rule of the packet filter. */
const isPlainInterface = (name: string): boolean =>
  isInterfaceName(name) && /^[A-Za-z0-9_.-]+$/.test(name);

const bad = (usage: string): Spec => failure('bad-arguments', usage);

/** Fails with the usage as the text. */
const parsers: ReadonlyMap<string, (args: readonly string[]) => Spec> = new Map([
  ['Delay', parseDelay],
  ['MailTo', parseMail],
  ['SendArp', parseSendArp],
  ['IPsrcaddr', parseSourceAddress],
  ['LVSSyncDaemonSwap', parseSyncDaemon],
  ['portblock', parsePortBlock],
  ['Masquerade', parseMasquerade],
]);

/** Of those that are no addresses and no health checkers. */
export const builtInNames: readonly string[] = [...parsers.keys()];

/** undefined when no built-in resource has the name. */
export function parseBuiltIn(script: string, args: readonly string[]): Spec | undefined {
  return parsers.get(script)?.(args);
}

/** A start that waits longer than this would be killed as hung if it were a script. */
const DELAY_SECONDS_MAX = 600;
/** Of heartbeat's script. */
const DELAY_SECONDS_DEFAULT = 10;

function parseDelay(args: readonly string[]): Spec {
  const usage = `Delay::SECONDS[::SECONDS], each up to ${DELAY_SECONDS_MAX}`;
  if (args.length > 3) return bad(usage);
  const seconds = args.map((arg) => (/^[0-9]{1,3}(\.[0-9]{1,3})?s?$/.test(arg) ? arg : 'none'));
  const [start = DELAY_SECONDS_DEFAULT, stop = start] = seconds.map((text) =>
    Number.parseFloat(text),
  );
  const isGood = [start, stop].every((each) => each >= 0 && each <= DELAY_SECONDS_MAX);
  if (!isGood) return bad(usage);
  return ok({ kind: 'delay', startMs: start * 1000, stopMs: stop * 1000 });
}

const MAIL_ADDRESS = /^[^\s@,<>"']+(@[^\s@,<>"']+)?$/;
const RECEIVERS_MAX = 20;

function parseMail(args: readonly string[]): Spec {
  const usage = 'MailTo::ADDRESS[,ADDRESS][::SUBJECT]';
  const [addresses = '', subject = 'Resource Group', ...further] = args;
  const to = addresses.split(',').filter((each) => each !== '');
  const isGood = to.length > 0 && to.length <= RECEIVERS_MAX && further.length === 0;
  // A name that begins with a dash would be an option of a mail program.
  if (!isGood || !to.every((each) => MAIL_ADDRESS.test(each) && !each.startsWith('-'))) {
    return bad(usage);
  }
  return ok({ kind: 'mail', to, subject });
}

function parseSendArp(args: readonly string[]): Spec {
  const [word = '', ...further] = args;
  const [address = '', interfaceName = '', ...rest] = word.split('/');
  const isGood = parseIp(address) !== undefined && isPlainInterface(interfaceName);
  if (!isGood || further.length > 0 || rest.length > 0) return bad('SendArp::ADDRESS/INTERFACE');
  return ok({ kind: 'send-arp', address, interfaceName });
}

function parseSourceAddress(args: readonly string[]): Spec {
  const [address = '', ...further] = args;
  const isIpv4 = parseIp(address)?.length === 4;
  if (!isIpv4 || further.length > 0) return bad('IPsrcaddr::ADDRESS, of IPv4');
  return ok({ kind: 'source-address', address });
}

/** ipvsadm(8) has the same default. */
const SYNC_INTERFACE_DEFAULT = 'eth0';
const SYNC_ID_MAX = 255;

function parseSyncDaemon(args: readonly string[]): Spec {
  const usage =
    'LVSSyncDaemonSwap::master|backup[::INTERFACE[::ID]] or ::both::INTERFACE::OWN-ID::PEER-ID';
  const [role, interfaceName = SYNC_INTERFACE_DEFAULT, id = '0', backupId] = args;
  const isBoth = role === 'both';
  const ids = [id, backupId ?? '0'];
  const isGood =
    (isBoth ? args.length === 4 : args.length <= 3) &&
    (isBoth || role === 'master' || role === 'backup') &&
    isPlainInterface(interfaceName) &&
    ids.every((each) => /^[0-9]{1,3}$/.test(each) && Number(each) <= SYNC_ID_MAX);
  if (!isGood) return bad(usage);
  return ok({
    kind: 'sync-daemon',
    role: role === 'backup' ? 'backup' : 'master',
    interfaceName,
    syncId: Number(id),
    backupId: isBoth ? Number(backupId) : undefined,
  });
}

const PORT_MAX = 65_535;
const PORTS_MAX = 100;

/** `22`, or a range in the spelling of iptables, `6000:6010`. */
function readPort(text: string): string | undefined {
  const [low, high = low, ...rest] = text.split(':');
  if (rest.length > 0 || low === undefined || high === undefined) return undefined;
  const numbers = [low, high].map((each) => (/^[0-9]{1,5}$/.test(each) ? Number(each) : -1));
  const [from = -1, to = -1] = numbers;
  if (from < 1 || to > PORT_MAX || from > to) return undefined;
  return from === to ? String(from) : `${from}-${to}`;
}

function parsePortBlock(args: readonly string[]): Spec {
  const usage = 'portblock::tcp|udp::PORT[,PORT]::block|unblock';
  const [protocol, list = '', action, ...further] = args;
  const ports = list.split(',').map(readPort);
  const known = ports.filter((port) => port !== undefined);
  const isAction = action === 'block' || action === 'unblock';
  if (protocol !== 'tcp' && protocol !== 'udp') return bad(usage);
  if (!isAction || further.length > 0 || known.length !== ports.length) return bad(usage);
  if (known.length > PORTS_MAX) return bad(usage);
  const isBlockedWhileRunning = action === 'block';
  return ok({ kind: 'port-block', protocol, ports: known, isBlockedWhileRunning });
}

function parseMasquerade(args: readonly string[]): Spec {
  const usage = 'Masquerade::NETWORK/PREFIX::INTERFACE, of IPv4';
  const [network = '', interfaceName = '', ...further] = args;
  const [address = '', prefixText = '', ...rest] = network.split('/');
  const prefix = /^[0-9]{1,2}$/.test(prefixText) ? Number(prefixText) : prefixOfNetmask(prefixText);
  const isNetwork =
    parseIp(address)?.length === 4 && rest.length === 0 && prefix !== undefined && prefix <= 32;
  if (!isNetwork || !isPlainInterface(interfaceName) || further.length > 0) return bad(usage);
  return ok({ kind: 'masquerade', network: `${address}/${prefix}`, interfaceName });
}
