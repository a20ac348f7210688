// Masquerade: this director is the way out for a network of real servers, under its own address.
// One rule of the packet filter and ip_forward; at the end both are as they were before.

import { readFile, writeFile } from 'node:fs/promises';
import type { BuiltInSpec } from '../../config/builtin-arguments.js';
import type { ResourceOutcome } from '../../config/resource-order.js';
import { type BuiltInOrder, type BuiltInParts, done, failed, running, stopped } from './builtin.js';
import type { Markers } from './markers.js';
import { dropTable, lookUpTable, putTable, tableName } from './nft.js';

type Masquerade = Extract<BuiltInSpec, { kind: 'masquerade' }>;

const FORWARD_PATH = '/proc/sys/net/ipv4/ip_forward';
/** The words that run now, one a line, under the value of ip_forward before the first of them. */
const USERS = 'ip_forward';

/** Orders to several resources of this kind come at once; the list of users is theirs together. */
let turn: Promise<unknown> = Promise.resolve();

function inTurn<T>(action: () => Promise<T>): Promise<T> {
  const result = turn.then(action);
  turn = result.catch(() => undefined);
  return result;
}

export async function runMasquerade(
  spec: Masquerade,
  { word, verb }: BuiltInOrder,
  { markers }: BuiltInParts,
): Promise<ResourceOutcome> {
  const table = tableName('masq', [spec.network, spec.interfaceName]);
  if (verb === 'status') return status(table);
  if (verb === 'stop') {
    const dropped = await dropTable('ip', table);
    // Where there is no packet filter at all, what was never started is stopped.
    const isOurs = (await readUsers(markers)).words.includes(word);
    if (!dropped.ok && isOurs) return failed(dropped.reason);
    await inTurn(() => letForwarding(word, markers));
    return done;
  }
  // First the rule, then forwarding: no packet leaves with the address of a real server.
  const put = await putTable('ip', table, masqueradeChain(spec));
  if (!put.ok) return failed(put.reason);
  await inTurn(() => takeForwarding(word, markers));
  return done;
}

const masqueradeChain = ({ network, interfaceName }: Masquerade): string =>
  `chain postrouting { type nat hook postrouting priority 100; policy accept;\n` +
  `ip saddr ${network} oifname "${interfaceName}" masquerade\n}`;

async function status(table: string): Promise<ResourceOutcome> {
  const found = await lookUpTable('ip', table);
  if (typeof found === 'object') return failed(found.reason);
  const forwards = (await readFile(FORWARD_PATH, 'latin1')).trim() === '1';
  return found === 'there' && forwards ? running : stopped;
}

async function readUsers(markers: Markers): Promise<{ before: string; words: string[] }> {
  const [before = '', ...words] = ((await markers.get(USERS)) ?? '').split('\n');
  return { before, words: words.filter((word) => word !== '') };
}

async function takeForwarding(word: string, markers: Markers): Promise<void> {
  const { before, words } = await readUsers(markers);
  const isFirst = words.length === 0;
  const was = isFirst ? (await readFile(FORWARD_PATH, 'latin1')).trim() : before;
  await markers.set(USERS, [was, ...new Set([...words, word])].join('\n'));
  await writeFile(FORWARD_PATH, '1');
}

async function letForwarding(word: string, markers: Markers): Promise<void> {
  const { before, words } = await readUsers(markers);
  // A stop of what was never started must not touch a setting that is the administrator's.
  if (!words.includes(word)) return;
  const left = words.filter((each) => each !== word);
  if (left.length > 0) {
    await markers.set(USERS, [before, ...left].join('\n'));
    return;
  }
  await markers.clear(USERS);
  if (before === '0') await writeFile(FORWARD_PATH, '0');
}
