// Rules of the packet filter, each resource's in a table of its own: one transaction makes it and
// one takes it away whole, whatever else the administrator's rules are. By the program `nft`, its
// script on standard input: the netlink form of a rule is a little program for each match, and
// these few rules change once a takeover.

import { createHash } from 'node:crypto';
import { lastWords, runProgram } from '../run-program.js';

export type NftOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const DEADLINE_MS = 20_000;
const TABLE_CHARACTERS_MAX = 60;
const DIGEST_DIGITS = 12;

/** A name of letters, digits and underscores that no other resource has. */
export function tableName(kind: string, words: readonly string[]): string {
  // Dots, slashes and dashes become different letters, so that different words stay different.
  const escaped = words.map((word) =>
    word.replace(/[^A-Za-z0-9]/g, (each) => `_${each.charCodeAt(0).toString(16)}`),
  );
  const name = `lubdub_${kind}_${escaped.join('_')}`;
  if (name.length <= TABLE_CHARACTERS_MAX) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_DIGITS);
  return `${name.slice(0, TABLE_CHARACTERS_MAX - DIGEST_DIGITS - 1)}_${digest}`;
}

async function nft(args: readonly string[], script?: string): Promise<NftOutcome> {
  const end = await runProgram({
    path: 'nft',
    args,
    environment: {},
    deadlineMs: DEADLINE_MS,
    ...(script === undefined ? {} : { input: script }),
  });
  if (end.exitCode === 0) return { ok: true };
  if (end.exitCode === 127) {
    return { ok: false, reason: 'the program nft is not there: install nftables' };
  }
  const said = end.errorOutput.trim().split('\n')[0] ?? lastWords(end);
  return { ok: false, reason: [said, end.reason].filter((part) => part !== '').join('; ') };
}

/** Afterwards the table holds exactly the chain; one that was there is replaced in one step. */
export const putTable = (family: string, name: string, chain: string): Promise<NftOutcome> =>
  nft(
    ['-f', '-'],
    `add table ${family} ${name}\ndelete table ${family} ${name}\n` +
      `table ${family} ${name} {\n${chain}\n}\n`,
  );

/** Afterwards there is no such table. */
export const dropTable = (family: string, name: string): Promise<NftOutcome> =>
  nft(['-f', '-'], `add table ${family} ${name}\ndelete table ${family} ${name}\n`);

/** `missing` also where the kernel has no packet filter: nothing is blocked there. */
export async function lookUpTable(
  family: string,
  name: string,
): Promise<'there' | 'missing' | { readonly reason: string }> {
  const found = await nft(['-t', 'list', 'table', family, name]);
  if (found.ok) return 'there';
  return /No such file or directory|does not exist/.test(found.reason) ? 'missing' : found;
}
