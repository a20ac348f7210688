// Debian's exim and dovecot.

import { certificate, privateKey } from '../../unit/checks/self-signed.js';
import { both, type DebianServer } from './server.js';

const REFUSING_PORT = 26;

export const exim: DebianServer = {
  name: 'exim4',
  prepare: async (disk) => {
    const spool = disk.makeFolder('spool');
    const config = disk.write('exim.conf', [
      'primary_hostname = lab.example',
      `local_interfaces = <; ${both.join(' ; ')}`,
      `daemon_smtp_ports = 25 : 587 : ${REFUSING_PORT}`,
      'acl_smtp_connect = acl_connect',
      `spool_directory = ${spool}`,
      `log_file_path = ${spool}/%slog`,
      `pid_file_path = ${disk.path('pid')}`,
      'rfc1413_query_timeout = 0s',
      'keep_environment =',
      'begin acl',
      'acl_connect:',
      `  deny condition = \${if eq{$received_port}{${REFUSING_PORT}}}`,
      '  accept',
    ]);
    return ['exim4', '-C', config, '-bdf'];
  },
  checks: [
    {
      name: 'smtp',
      port: 25,
      good: ['service=smtp'],
      wrong: ['service=smtp'],
      wrongPort: REFUSING_PORT,
    },
    {
      name: 'submission',
      port: 587,
      good: ['service=submission'],
      wrong: ['service=submission'],
      wrongPort: REFUSING_PORT,
    },
  ],
};

const login = ['login="probe"', 'passwd="pw"'];
const wrongLogin = ['login="probe"', 'passwd="other"'];

export const dovecot: DebianServer = {
  name: 'dovecot',
  prepare: async (disk) => {
    const cert = disk.write('cert.pem', [certificate]);
    const key = disk.write('key.pem', [privateKey]);
    const users = disk.write('users', ['probe:{PLAIN}pw']);
    const config = disk.write('dovecot.conf', [
      `base_dir = ${disk.path('run')}`,
      `state_dir = ${disk.path('state')}`,
      `log_path = ${disk.path('log')}`,
      'protocols = imap pop3',
      `listen = ${both.join(', ')}`,
      'ssl = yes',
      `ssl_cert = <${cert}`,
      `ssl_key = <${key}`,
      'disable_plaintext_auth = no',
      // A wrong password is answered late by default; the check is about the answer.
      'auth_failure_delay = 0',
      'first_valid_uid = 1',
      `mail_location = maildir:${disk.makeFolder('mail')}`,
      `passdb {\n driver = passwd-file\n args = ${users}\n}`,
      'userdb {\n driver = static\n args = uid=mail gid=mail home=/nonexistent\n}',
    ]);
    return ['dovecot', '-F', '-c', config];
  },
  checks: [
    ['pop', 110],
    ['pops', 995],
    ['imap', 143],
    ['imaps', 993],
  ].map(([name, port]) => ({
    name: String(name),
    port: Number(port),
    good: [`service=${name}`, ...login],
    wrong: [`service=${name}`, ...wrongLogin],
  })),
};
