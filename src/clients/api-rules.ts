// Who may use the client interface: the `apiauth` lines of ha.cf over the defaults of heartbeat
// 3.0.6, with users and groups as numbers. Judged are the credentials that the kernel gives, never
// those that a client claims.

import type { NamedApiRule } from '../config/ha-clients.js';

/** A client is let in by its user or by its group; a rule without either lets everybody in. */
export interface ApiRule {
  readonly uids: ReadonlySet<number>;
  readonly gids: ReadonlySet<number>;
}

/** By client name; `default` for names without a rule, `anon` for clients without a name. */
export type ApiRules = ReadonlyMap<string, ApiRule>;

/** Of the process at the other end, as the kernel knows it. */
export interface PeerCredentials {
  /** 0 when it is not visible from our PID namespace. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** heartbeat 3.0.6, without any `apiauth` line. */
export const defaultApiRules: readonly NamedApiRule[] = [
  { client: 'ipfail', users: ['hacluster'], groups: [] },
  { client: 'ccm', users: ['hacluster'], groups: [] },
  { client: 'ping', users: [], groups: ['haclient'] },
  { client: 'lha-snmpagent', users: ['root'], groups: [] },
  { client: 'anon', users: ['root'], groups: ['haclient'] },
];

/** Names to numbers; undefined for a name that this machine does not know. */
export interface AccountNumbers {
  readonly user: (name: string) => number | undefined;
  readonly group: (name: string) => number | undefined;
}

export interface ResolvedRules {
  readonly rules: ApiRules;
  /** `user x of apiauth y`: they let nobody in. */
  readonly unknown: readonly string[];
}

/** A line of the file replaces the default of the same client; of two lines the last counts. */
export function resolveApiRules(
  written: readonly NamedApiRule[],
  numbers: AccountNumbers,
): ResolvedRules {
  const named = new Map<string, NamedApiRule>();
  for (const rule of [...defaultApiRules, ...written]) named.set(rule.client, rule);
  const unknown: string[] = [];
  const rules = new Map<string, ApiRule>();
  for (const { client, users, groups } of named.values()) {
    const isWritten = written.some((rule) => rule.client === client);
    const resolve = (
      kind: 'user' | 'group',
      names: readonly string[],
      find: (name: string) => number | undefined,
    ): ReadonlySet<number> => {
      const found = new Set<number>();
      for (const name of names) {
        const number = find(name);
        if (number !== undefined) found.add(number);
        // A machine without heartbeat's own accounts is ordinary; a name that was written is not.
        else if (isWritten) unknown.push(`${kind} ${name} of apiauth ${client}`);
      }
      return found;
    };
    const uids = resolve('user', users, numbers.user);
    const gids = resolve('group', groups, numbers.group);
    // A rule none of whose names is known must not become one that lets everybody in.
    const isOpen = users.length === 0 && groups.length === 0;
    if (uids.size > 0 || gids.size > 0 || isOpen) rules.set(client, { uids, gids });
    else rules.set(client, { uids: NOBODY, gids: NOBODY });
  }
  return { rules, unknown };
}

/** (uid_t) -1, which no process has. */
const NOBODY: ReadonlySet<number> = new Set([-1]);

/** Undefined when the client may join; else the reason in the words of heartbeat 3.0.6. */
export function refusalOf(
  rules: ApiRules,
  client: string,
  isCasual: boolean,
  credentials: PeerCredentials,
): string | undefined {
  const rule = isCasual ? rules.get('anon') : (rules.get(client) ?? rules.get('default'));
  if (rule === undefined) return isCasual ? 'apiauth anon missing' : 'no default client auth';
  const isOpen = rule.uids.size === 0 && rule.gids.size === 0;
  const isLetIn = rule.uids.has(credentials.uid) || rule.gids.has(credentials.gid);
  return isOpen || isLetIn ? undefined : 'client failed authorization';
}
