// The mysql and pgsql checks, spoken by mysql2 and pg: log in, run the query of `request`; up when
// at least one row comes back. The first row is enough, the rest is not waited for.

import net from 'node:net';
import type { SqlCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import { limitAnswer } from './answer-limit.js';
import { downOfError } from './check-error.js';
import type { CheckContext } from './run-check.js';

export const loadSqlClient = (dialect: SqlCheck['dialect']): Promise<unknown> =>
  dialect === 'mysql' ? import('mysql2') : import('pg');

type Finish = (verdict: CheckVerdict) => void;

export function runSqlCheck(
  spec: SqlCheck,
  { signal, waitFor }: CheckContext,
): Promise<CheckVerdict> {
  if (spec.port === 0) return Promise.resolve(down('no port to ask: set checkport'));
  waitFor('login');
  return new Promise((resolve) => {
    const socket = new net.Socket();
    const drop = (): void => {
      stopLimit();
      socket.destroy();
    };
    const stopLimit = limitAnswer(
      () => socket,
      (verdict) => {
        resolve(verdict);
        drop();
      },
    );
    signal.addEventListener('abort', drop, { once: true });
    const start = spec.dialect === 'mysql' ? askMysql : askPgsql;
    start(spec, socket, resolve, waitFor).catch((cause: unknown) => resolve(downOfError(cause)));
  });
}

async function askMysql(
  spec: SqlCheck,
  socket: net.Socket,
  finish: Finish,
  waitFor: (what: string) => void,
): Promise<void> {
  const { createConnection } = await import('mysql2');
  const fail = (cause: unknown): void => finish(downOfError(cause, 'mysql: '));
  const connection = createConnection({
    stream: () => socket.connect({ host: spec.address, port: spec.port }),
    user: spec.login,
    password: spec.password,
    ...(spec.database === '' ? {} : { database: spec.database }),
    // The deadline is the runner's.
    connectTimeout: 0,
    rowsAsArray: true,
  });
  connection.on('error', fail);
  connection.on('connect', () => waitFor('rows'));
  const query = connection.query(spec.query);
  query.on('error', fail);
  query.on('result', (row) => {
    // A statement that yields no rows at all ends in a header instead.
    if (!Array.isArray(row)) return;
    finish(up('mysql: rows'));
    connection.destroy();
  });
  query.on('end', () => {
    finish(down('mysql: no rows'));
    connection.destroy();
  });
}

async function askPgsql(
  spec: SqlCheck,
  socket: net.Socket,
  finish: Finish,
  waitFor: (what: string) => void,
): Promise<void> {
  const { default: pg } = await import('pg');
  const fail = (cause: unknown): void => finish(downOfError(cause, 'pgsql: '));
  const client = new pg.Client({
    stream: () => socket,
    host: spec.address,
    port: spec.port,
    user: spec.login,
    // An empty one would make the client look for it in files of the user.
    password: () => spec.password,
    database: spec.database === '' ? spec.login : spec.database,
    ssl: false,
  });
  client.on('error', fail);
  await client.connect();
  waitFor('rows');
  const query = client.query(new pg.Query(spec.query));
  query.on('error', fail);
  query.on('row', () => finish(up('pgsql: rows')));
  query.on('end', () => {
    finish(down('pgsql: no rows'));
    client.end().catch(() => undefined);
  });
}
