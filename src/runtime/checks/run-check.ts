// Runs checks: one deadline and one way to cancel for every kind, whatever client library speaks.
// A check always ends with a verdict, at the latest at its deadline; nothing it does can throw into
// the loop. When to check what is decided elsewhere.

import { unreachable } from '../../base/assert.js';
import type { CheckSpec } from '../../checks/check-spec.js';
import { type CheckVerdict, down, timedOut, up } from '../../checks/check-verdict.js';
import { monotonicMs } from '../clock.js';
import { runAgentCheck } from './agent.js';
import { downOfError } from './check-error.js';
import { runConnectCheck } from './connect.js';
import { runDialogueCheck } from './dialogue.js';
import { runExternalCheck } from './external.js';
import { runFtpCheck } from './ftp.js';
import { runHttpCheck } from './http.js';
import { runPingCheck } from './ping.js';
import { rehearseHttp } from './rehearsal.js';

export interface CheckContext {
  /** Aborted at the deadline and when the check is cancelled: everything must be let go of. */
  readonly signal: AbortSignal;
  /** The same as a call, at most one: a signal costs as much as a whole plain check may. */
  whenOver(letGo: () => void): void;
  /** Says what is being waited for, for the reason of a check that runs out of time. */
  waitFor(what: string): void;
}

export interface CheckRunner {
  /**
   * Loads the client libraries for these services and tries them out: on a slow machine that takes
   * seconds, which must not be taken from a check's time.
   */
  prepare(services: ReadonlySet<string>): Promise<void>;
  /** Calls `done` once, unless the check is cancelled first. */
  start(id: number, spec: CheckSpec, done: (verdict: CheckVerdict) => void): void;
  cancel(id: number): void;
  /** Cancels all. */
  stop(): void;
}

/** The libraries that the checks of these services load. */
const clientModules: Readonly<Record<string, () => Promise<unknown>>> = {
  ftp: () => import('basic-ftp'),
  dns: () => import('./dns.js'),
  ldap: () => import('./ldap.js').then((checks) => checks.loadLdapClient()),
  ldaps: () => import('./ldap.js').then((checks) => checks.loadLdapClient()),
  mysql: () => import('./sql.js').then((checks) => checks.loadSqlClient('mysql')),
  pgsql: () => import('./sql.js').then((checks) => checks.loadSqlClient('pgsql')),
  radius: () => import('./radius.js'),
};

/** A timer that comes later than this was slept through by ourselves. */
const STALL_MS = 250;

export function createCheckRunner(): CheckRunner {
  const running = new Map<number, () => void>();
  const start = (id: number, spec: CheckSpec, done: (verdict: CheckVerdict) => void): void => {
    // Made when it is asked for: most checks need none.
    let abort: AbortController | undefined;
    let letGo: (() => void) | undefined;
    let waitingFor = '';
    let isOver = false;
    const end = (): boolean => {
      if (isOver) return false;
      isOver = true;
      clearTimeout(timer);
      running.delete(id);
      // Also after an answer: a server may go on sending.
      abort?.abort();
      letGo?.();
      return true;
    };
    const finish = (verdict: CheckVerdict): void => {
      if (end()) done(verdict);
    };
    let due = monotonicMs() + spec.timeout;
    let isExtended = false;
    const judge = (): void => {
      const late = monotonicMs() - due;
      if (late <= STALL_MS || isExtended) {
        finish(timedOut(spec.timeout / 1000, waitingFor));
        return;
      }
      // This process slept, and the answer may be waiting in the socket: the time is given back.
      isExtended = true;
      due += late + Math.min(late, spec.timeout);
      timer = setTimeout(judge, due - monotonicMs());
    };
    let timer = setTimeout(judge, spec.timeout);
    running.set(id, end);
    const context: CheckContext = {
      get signal() {
        abort ??= new AbortController();
        if (isOver) abort.abort();
        return abort.signal;
      },
      whenOver: (then) => {
        letGo = then;
        if (isOver) then();
      },
      waitFor: (what) => {
        waitingFor = what;
      },
    };
    runCheck(spec, context).then(finish, (cause: unknown) => finish(downOfError(cause)));
  };
  return {
    prepare: async (services) => {
      if (['http', 'https', 'http_proxy'].some((name) => services.has(name))) await rehearseHttp();
      for (const service of services) await clientModules[service]?.();
    },
    start,
    cancel: (id) => void running.get(id)?.(),
    stop: () => {
      for (const end of [...running.values()]) end();
    },
  };
}

async function runCheck(spec: CheckSpec, context: CheckContext): Promise<CheckVerdict> {
  switch (spec.kind) {
    case 'connect':
      return runConnectCheck(spec, context);
    case 'http':
      return runHttpCheck(spec, context);
    case 'ftp':
      return runFtpCheck(spec, context);
    case 'ping':
      return runPingCheck(spec, context);
    case 'external':
      return runExternalCheck(spec, context);
    case 'agent':
      return runAgentCheck(spec, context);
    case 'dialogue':
      return runDialogueCheck(spec, context);
    case 'dns':
      return (await import('./dns.js')).runDnsCheck(spec, context);
    case 'ldap':
      return (await import('./ldap.js')).runLdapCheck(spec, context);
    case 'radius':
      return (await import('./radius.js')).runRadiusCheck(spec, context);
    case 'sql':
      return (await import('./sql.js')).runSqlCheck(spec, context);
    case 'vain':
      return down(spec.reason);
    case 'none':
      return up('no check: service none');
    default:
      return unreachable(spec);
  }
}
