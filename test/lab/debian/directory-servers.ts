// Debian's slapd, unbound, freeradius and kamailio.

import { certificate, privateKey } from '../../unit/checks/self-signed.js';
import { run } from '../process.js';
import { address4, address6, both, type DebianServer } from './server.js';

const base = 'dc=lab,dc=example';

export const slapd: DebianServer = {
  name: 'slapd',
  prepare: async (disk) => {
    const cert = disk.write('cert.pem', [certificate]);
    const key = disk.write('key.pem', [privateKey]);
    const config = disk.write('slapd.conf', [
      'include /etc/ldap/schema/core.schema',
      `pidfile ${disk.path('pid')}`,
      'modulepath /usr/lib/ldap',
      'moduleload back_mdb',
      `TLSCertificateFile ${cert}`,
      `TLSCertificateKeyFile ${key}`,
      'database mdb',
      'maxsize 10485760',
      `suffix "${base}"`,
      `directory ${disk.makeFolder('data')}`,
    ]);
    const entry = disk.write('base.ldif', [
      `dn: ${base}`,
      'objectClass: dcObject',
      'objectClass: organization',
      'dc: lab',
      'o: lab',
    ]);
    await run(['slapadd', '-f', config, '-l', entry]);
    const urls = both.flatMap((one) => {
      const host = one.includes(':') ? `[${one}]` : one;
      return [`ldap://${host}`, `ldaps://${host}`];
    });
    return ['slapd', '-f', config, '-h', urls.join(' '), '-d', '0'];
  },
  checks: [
    ['ldap', 389],
    ['ldaps', 636],
  ].map(([name, port]) => ({
    name: String(name),
    port: Number(port),
    good: [`service=${name}`, `request="${base}"`, 'receive="dc=lab"'],
    wrong: [`service=${name}`, 'request="dc=other,dc=example"'],
  })),
};

const dnsGood = ['service=dns', 'request="www.lab.example"', 'receive="192\\.0\\.2\\.11"'];
const dnsWrong = ['service=dns', 'request="old.lab.example"', 'receive="192\\.0\\.2\\.11"'];

export const unbound: DebianServer = {
  name: 'unbound',
  prepare: async (disk) => {
    const config = disk.write('unbound.conf', [
      'server:',
      ...both.map((one) => ` interface: ${one}`),
      ...both.map((one) => ` access-control: ${one} allow`),
      ' do-daemonize: no',
      ' use-syslog: no',
      ' chroot: ""',
      ' username: ""',
      ` directory: "${disk.folder}"`,
      ` pidfile: "${disk.path('pid')}"`,
      ' local-zone: "lab.example." static',
      ' local-data: "www.lab.example. A 192.0.2.11"',
      ' local-data: "old.lab.example. A 192.0.2.99"',
    ]);
    return ['unbound', '-c', config];
  },
  checks: [
    { name: 'dns', port: 53, protocol: 'udp', isDatagram: true, good: dnsGood, wrong: dnsWrong },
    { name: 'dns over tcp', port: 53, good: dnsGood, wrong: dnsWrong },
  ],
};

const radiusSecret = 'secret="s3cret"';

export const freeradius: DebianServer = {
  name: 'freeradius',
  prepare: async (disk) => {
    disk.write('raddb/dictionary', ['$INCLUDE /usr/share/freeradius/dictionary']);
    const users = disk.write('users', ['probe Cleartext-Password := "pw"']);
    disk.write('raddb/radiusd.conf', [
      'prefix = /usr',
      'libdir = /usr/lib/freeradius',
      `logdir = ${disk.folder}`,
      `run_dir = ${disk.folder}`,
      `pidfile = ${disk.path('pid')}`,
      `log {\n destination = files\n file = ${disk.path('log')}\n}`,
      'security {\n reject_delay = 0\n}',
      `client four {\n ipaddr = ${address4}\n secret = s3cret\n}`,
      `client six {\n ipv6addr = ${address6}\n secret = s3cret\n}`,
      `modules {\n pap {\n }\n files {\n usersfile = ${users}\n }\n}`,
      'server default {',
      ` listen {\n type = auth\n ipaddr = ${address4}\n port = 1812\n }`,
      ` listen {\n type = auth\n ipv6addr = ${address6}\n port = 1812\n }`,
      ' authorize {\n files\n pap\n }',
      ' authenticate {\n pap\n }',
      '}',
    ]);
    // A folder that anybody may write to is refused.
    return ['freeradius', '-f', '-d', disk.path('raddb')];
  },
  checks: [
    {
      name: 'radius',
      port: 1812,
      protocol: 'udp',
      isDatagram: true,
      good: ['service=radius', 'login="probe"', 'passwd="pw"', radiusSecret],
      wrong: ['service=radius', 'login="probe"', 'passwd="other"', radiusSecret],
    },
  ],
};

const SIP_REFUSING_PORT = 5062;

export const kamailio: DebianServer = {
  name: 'kamailio',
  prepare: async (disk) => {
    const hosts = [address4, `[${address6}]`];
    const config = disk.write('kamailio.cfg', [
      ...['udp', 'tcp'].flatMap((protocol) =>
        hosts.flatMap((host) =>
          [5060, SIP_REFUSING_PORT].map((port) => `listen=${protocol}:${host}:${port}`),
        ),
      ),
      'children=1',
      'tcp_children=1',
      'auto_aliases=no',
      'dns=no',
      'rev_dns=no',
      'loadmodule "sl.so"',
      'request_route {',
      `  if (dst_port == ${SIP_REFUSING_PORT}) { sl_send_reply("503", "Not now"); exit; }`,
      '  sl_send_reply("200", "OK"); exit;',
      '}',
    ]);
    return ['kamailio', '-DD', '-E', '-m', '8', '-M', '4', '-f', config, '-Y', disk.folder];
  },
  checks: [
    {
      name: 'sip',
      port: 5060,
      protocol: 'udp',
      isDatagram: true,
      good: ['service=sip'],
      wrong: ['service=sip'],
      wrongPort: SIP_REFUSING_PORT,
    },
    {
      name: 'sip over tcp',
      port: 5060,
      good: ['service=sip'],
      wrong: ['service=sip'],
      wrongPort: SIP_REFUSING_PORT,
    },
  ],
};
