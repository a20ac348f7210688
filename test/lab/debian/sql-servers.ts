// Debian's MariaDB and PostgreSQL.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../process.js';
import { both, type DebianServer } from './server.js';

const good = ['login="probe"', 'passwd="pw"', 'database="portal"', 'request="SELECT id FROM live"'];
const wrong = [
  'login="probe"',
  'passwd="pw"',
  'database="portal"',
  'request="SELECT id FROM dead"',
];

const tables = [
  'CREATE TABLE live (id int);',
  'INSERT INTO live VALUES (7);',
  'CREATE TABLE dead (id int);',
];

export const mariadb: DebianServer = {
  name: 'mariadb-server',
  prepare: async (disk) => {
    const data = disk.makeFolder('data');
    await run([
      ...['mariadb-install-db', '--no-defaults', `--datadir=${data}`, '--user=mysql'],
      ...['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'],
    ]);
    const first = disk.write('first.sql', [
      'CREATE DATABASE portal;',
      "CREATE USER 'probe'@'%' IDENTIFIED BY 'pw';",
      "GRANT SELECT ON portal.* TO 'probe'@'%';",
      'USE portal;',
      ...tables,
    ]);
    return [
      ...['mariadbd', '--no-defaults', `--datadir=${data}`, '--user=mysql', '--bind-address=*'],
      ...[`--socket=${disk.path('sock')}`, `--pid-file=${disk.path('pid')}`],
      ...[`--init-file=${first}`, '--skip-name-resolve', '--innodb-flush-method=nosync'],
    ];
  },
  checks: [
    {
      name: 'mysql',
      port: 3306,
      good: ['service=mysql', ...good],
      wrong: ['service=mysql', ...wrong],
    },
  ],
};

/** Debian keeps the programs of each release apart. */
function postgresProgram(name: string): string {
  const folder = '/usr/lib/postgresql';
  const newest = readdirSync(folder).sort((a, b) => Number(b) - Number(a))[0] ?? '';
  return join(folder, newest, 'bin', name);
}

const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];

export const postgresql: DebianServer = {
  name: 'postgresql',
  prepare: async (disk) => {
    const data = join(disk.makeFolder('top'), 'data');
    const initdb = [postgresProgram('initdb'), '-D', data, '--no-sync', '-A', 'trust', '-U', 'pg'];
    await run([...asPostgres, ...initdb]);
    const single = [postgresProgram('postgres'), '--single', '-D', data];
    const first = ["CREATE USER probe PASSWORD 'pw';", 'CREATE DATABASE portal OWNER probe;'];
    await run([...asPostgres, ...single, 'postgres'], { input: `${first.join('\n')}\n` });
    const second = [...tables, 'GRANT SELECT ON live, dead TO probe;'];
    await run([...asPostgres, ...single, 'portal'], { input: `${second.join('\n')}\n` });
    const hba = disk.write('hba.conf', [
      'host all all 0.0.0.0/0 scram-sha-256',
      'host all all ::/0 scram-sha-256',
    ]);
    return [
      ...[...asPostgres, postgresProgram('postgres'), '-D', data, '-F'],
      ...['-c', `listen_addresses=${both.join(',')}`, '-c', `hba_file=${hba}`],
      ...['-c', 'unix_socket_directories=', '-c', 'shared_buffers=1MB'],
    ];
  },
  checks: [
    {
      name: 'pgsql',
      port: 5432,
      good: ['service=pgsql', ...good],
      wrong: ['service=pgsql', ...wrong],
    },
  ],
};
