// Users and groups by name, without waiting for a name service on the daemon's loop: the files of
// passwd(5) and group(5) are read, and what they do not hold is asked of getent(1), which knows the
// machine's other sources.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Its own group. */
  readonly gid: number;
  readonly home: string;
  /** All its groups, its own included: what initgroups(3) would set. */
  readonly gids: readonly number[];
}

export interface Accounts {
  user(name: string): Account | undefined;
  group(name: string): number | undefined;
}

/** A name service that does not answer makes a start late by so much for each name, not more. */
const LOOKUP_WAIT_MS = 3000;
const NUMBER = /^[0-9]{1,10}$/;

const linesOf = async (path: string): Promise<readonly string[]> =>
  (await readFile(path, 'utf8').catch(() => '')).split('\n');

const getent = (database: 'passwd' | 'group', name: string): Promise<string> =>
  new Promise((resolve) => {
    const options = { timeout: LOOKUP_WAIT_MS };
    execFile('getent', [database, '--', name], options, (fault, stdout) => {
      resolve(fault === null ? stdout : '');
    });
  });

/** `name:password:number:members` of the group file. */
interface GroupLine {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function parseGroup(line: string): GroupLine | undefined {
  const [name, , gid, members] = line.split(':');
  if (name === undefined || gid === undefined || !NUMBER.test(gid)) return undefined;
  return { name, gid: Number(gid), members: (members ?? '').split(',') };
}

function parseUser(line: string, groups: readonly GroupLine[]): Account | undefined {
  const [name, , uid, gid, , home] = line.split(':');
  if (name === undefined || uid === undefined || gid === undefined) return undefined;
  if (!NUMBER.test(uid) || !NUMBER.test(gid)) return undefined;
  const further = groups.filter((group) => group.members.includes(name)).map(({ gid: id }) => id);
  const gids = [...new Set([Number(gid), ...further])];
  return { name, uid: Number(uid), gid: Number(gid), home: home ?? '/', gids };
}

/** The accounts of these names; a name that is a number stands for itself. */
export async function readAccounts(
  users: readonly string[],
  groups: readonly string[],
  folder = '/etc',
): Promise<Accounts> {
  const groupLines = (await linesOf(`${folder}/group`)).flatMap((line) => parseGroup(line) ?? []);
  for (const name of new Set(groups)) {
    if (NUMBER.test(name) || groupLines.some((group) => group.name === name)) continue;
    const found = parseGroup((await getent('group', name)).trim());
    if (found !== undefined) groupLines.push(found);
  }
  const accounts = new Map<string, Account>();
  for (const line of await linesOf(`${folder}/passwd`)) {
    const account = parseUser(line, groupLines);
    if (account !== undefined && !accounts.has(account.name)) accounts.set(account.name, account);
  }
  for (const name of new Set(users)) {
    if (NUMBER.test(name) || accounts.has(name)) continue;
    const account = parseUser((await getent('passwd', name)).trim(), groupLines);
    if (account !== undefined) accounts.set(name, account);
  }
  const byNumber = (uid: number): Account =>
    [...accounts.values()].find((account) => account.uid === uid) ?? {
      ...{ name: String(uid), uid, gid: uid, home: '/' },
      gids: [uid],
    };
  return {
    user: (name) => (NUMBER.test(name) ? byNumber(Number(name)) : accounts.get(name)),
    group: (name) =>
      NUMBER.test(name) ? Number(name) : groupLines.find((group) => group.name === name)?.gid,
  };
}
