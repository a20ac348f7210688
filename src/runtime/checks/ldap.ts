// The ldap and ldaps checks, spoken by ldapts: bind, then read one entry. Up when exactly one comes
// back and its name matches receive.

import net from 'node:net';
import type { LdapCheck } from '../../checks/check-spec.js';
import { bracketed } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import { limitAnswer } from './answer-limit.js';
import { downOfError } from './check-error.js';
import { matchReceive } from './receive-match.js';
import type { CheckContext } from './run-check.js';
import { secureContext } from './secure-context.js';

export const loadLdapClient = (): Promise<typeof import('ldapts')> => import('ldapts');

/** Two are enough to see that there is more than one. */
const ENTRIES_MAX = 2;

export async function runLdapCheck(
  spec: LdapCheck,
  { signal, waitFor }: CheckContext,
): Promise<CheckVerdict> {
  if (spec.port === 0) return down('no port to ask: set checkport');
  const { Client } = await loadLdapClient();
  const scheme = spec.isSecure ? 'ldaps' : 'ldap';
  const client = new Client({
    url: `${scheme}://${bracketed(spec.family, spec.address)}:${spec.port}`,
    // No limit of the client's own: the deadline is the runner's, which says what was waited for.
    timeout: 0,
    connectTimeout: 0,
    strictDN: false,
    ...(spec.isSecure
      ? { tlsOptions: { rejectUnauthorized: false, secureContext: secureContext() } }
      : {}),
  });
  // The client keeps its socket to itself; it has to go at once, not after an orderly goodbye.
  const socketOf = (): net.Socket | undefined => {
    const socket: unknown = Reflect.get(client, 'socket');
    return socket instanceof net.Socket ? socket : undefined;
  };
  return new Promise((resolve) => {
    const drop = (): void => {
      stopLimit();
      socketOf()?.destroy();
    };
    const stopLimit = limitAnswer(socketOf, (verdict) => {
      resolve(verdict);
      drop();
    });
    signal.addEventListener('abort', drop, { once: true });
    askLdap(spec, client, waitFor).then(resolve, (cause: unknown) =>
      resolve(downOfLdapError(cause)),
    );
  });
}

async function askLdap(
  spec: LdapCheck,
  client: import('ldapts').Client,
  waitFor: (what: string) => void,
): Promise<CheckVerdict> {
  waitFor('bind');
  const isNamed = spec.login !== '' && spec.password !== '';
  await (isNamed ? client.bind(spec.login, spec.password) : client.bind('', ''));
  waitFor('entry');
  const { searchEntries } = await client.search(spec.base, {
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: ['1.1'],
    sizeLimit: ENTRIES_MAX,
  });
  client.unbind().catch(() => undefined);
  const [entry] = searchEntries;
  if (entry === undefined || searchEntries.length > 1) {
    return down(`LDAP: ${searchEntries.length} entries for "${spec.base}"`);
  }
  const match = matchReceive(spec.receive, entry.dn);
  if (match === undefined || match.kind === 'matched') return up(`LDAP entry "${entry.dn}"`);
  if (match.kind === 'refused') return down(`LDAP: receive: ${match.reason}`);
  return down(`LDAP: "${entry.dn}" does not match receive`);
}

/** Errors of the protocol carry a number and often no words. */
function downOfLdapError(cause: unknown): CheckVerdict {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code !== 'number') return downOfError(cause, 'LDAP: ');
  const name = cause instanceof Error ? cause.name.replace(/Error$/, '') : '';
  return down(`LDAP: ${name} (result ${code})`);
}
