// Debian's nginx, squid and vsftpd.

import { certificate, privateKey } from '../../unit/checks/self-signed.js';
import { address4, address6, type DebianServer } from './server.js';

const page = 'Test Page';

export const nginx: DebianServer = {
  name: 'nginx',
  prepare: async (disk) => {
    disk.write('www/index.html', [page]);
    const cert = disk.write('cert.pem', [certificate]);
    const key = disk.write('key.pem', [privateKey]);
    const config = disk.write('nginx.conf', [
      'user root; worker_processes 1; daemon off;',
      `pid ${disk.path('pid')}; error_log ${disk.path('log')};`,
      'events { worker_connections 256; }',
      'http {',
      `  access_log off; default_type text/html; root ${disk.path('www')};`,
      ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `  ${name}_temp_path ${disk.path(name)};`,
      ),
      `  server { listen ${address4}:80; listen [${address6}]:80; }`,
      `  server { listen ${address4}:443 ssl; listen [${address6}]:443 ssl;`,
      `    ssl_certificate ${cert}; ssl_certificate_key ${key}; }`,
      '}',
    ]);
    return ['nginx', '-c', config];
  },
  checks: [
    {
      name: 'http',
      port: 80,
      good: ['service=http', 'request="index.html"', `receive="${page}"`],
      wrong: ['service=http', 'request="index.html"', 'receive="Other Page"'],
    },
    {
      name: 'https',
      port: 443,
      good: ['service=https', 'request="index.html"', `receive="${page}"`],
      wrong: ['service=https', 'request="missing.html"'],
    },
    {
      name: 'simpletcp',
      port: 80,
      good: ['service=simpletcp', 'request="GET /index.html HTTP/1.0\\n\\n"', `receive="${page}"`],
      wrong: ['service=simpletcp', 'request="GET /x HTTP/1.0\\n\\n"', `receive="${page}"`],
    },
  ],
};

export const squid: DebianServer = {
  name: 'squid',
  prepare: async (disk) => {
    const config = disk.write('squid.conf', [
      `http_port ${address4}:3128`,
      `http_port [${address6}]:3128`,
      'http_access allow all',
      'cache deny all',
      'pid_filename none',
      'access_log none',
      `cache_log ${disk.makeFolder('log')}/cache.log`,
      `coredump_dir ${disk.folder}`,
      'pinger_enable off',
      'visible_hostname lab.example',
      `dns_nameservers ${address4}`,
      'shutdown_lifetime 0 seconds',
    ]);
    return ['squid', '-N', '-f', config];
  },
  checks: [
    {
      name: 'http_proxy',
      port: 3128,
      good: ['service=http_proxy', `request="http://${address4}/index.html"`, `receive="${page}"`],
      wrong: ['service=http_proxy', `request="http://${address4}/missing.html"`],
    },
  ],
};

export const vsftpd: DebianServer = {
  name: 'vsftpd',
  prepare: async (disk) => {
    disk.write('root/index.txt', [page]);
    const empty = disk.path('empty');
    disk.write('empty/.keep', []);
    const config = disk.write('vsftpd.conf', [
      'listen_ipv6=YES',
      'background=NO',
      'anonymous_enable=YES',
      'local_enable=NO',
      `anon_root=${disk.path('root')}`,
      `secure_chroot_dir=${empty}`,
      'seccomp_sandbox=NO',
    ]);
    return ['vsftpd', config];
  },
  checks: [
    {
      name: 'ftp',
      port: 21,
      good: ['service=ftp', 'request="index.txt"', `receive="${page}"`],
      wrong: ['service=ftp', 'request="missing.txt"', `receive="${page}"`],
    },
  ],
};
