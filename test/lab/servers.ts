// The services behind the directors: Debian's nginx and vsftpd, each in its host's namespaces
// with its own configuration, and what the client and the kernel say about them.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.js';
import { waitFor } from './wait.js';

const startMs = 30_000;

function nginxConfig(host: Host): string {
  return [
    // The lab's folder is the runner's own, so the workers keep its rights.
    'user root;',
    'worker_processes 1;',
    'pid /run/nginx.pid;',
    'error_log /var/log/nginx/error.log;',
    'events { worker_connections 2048; }',
    'http {',
    '  access_log off;',
    '  default_type text/html;',
    '  keepalive_timeout 0;',
    '  client_body_temp_path /run/nginx-body;',
    '  proxy_temp_path /run/nginx-proxy;',
    '  fastcgi_temp_path /run/nginx-fastcgi;',
    '  uwsgi_temp_path /run/nginx-uwsgi;',
    '  scgi_temp_path /run/nginx-scgi;',
    `  server { listen 80 backlog=2048; root ${join(host.disk, 'srv/www')}; }`,
    '}',
    '',
  ].join('\n');
}

/** A web server whose first line of every page is `name`. */
export async function startWeb(host: Host, name: string): Promise<void> {
  mkdirSync(join(host.disk, 'srv/www'), { recursive: true });
  host.write('srv/www/index.html', `${name}\n`);
  host.write('srv/www/ldirector.html', 'Test Page\n');
  host.write('srv/nginx.conf', nginxConfig(host));
  await host.run(['nginx', '-c', join(host.disk, 'srv/nginx.conf')], { limitMs: startMs });
}

/** Stops the web server; its port answers with a reset when this returns. */
export async function stopWeb(host: Host): Promise<void> {
  host.kill(/^nginx: (master|worker)/);
  await waitFor('nginx to be gone', startMs, () =>
    host.processes().every((each) => !each.command.startsWith('nginx:')),
  );
}

function vsftpdConfig(host: Host, name: string): string {
  return [
    'listen=YES',
    'background=NO',
    'anonymous_enable=YES',
    'local_enable=NO',
    'write_enable=NO',
    `anon_root=${join(host.disk, 'srv/ftp')}`,
    `ftpd_banner=${name}`,
    'secure_chroot_dir=/run/vsftpd/empty',
    'connect_from_port_20=YES',
    // The lab isolates already, and an emulated machine is slow enough.
    'isolate=NO',
    'isolate_network=NO',
    'seccomp_sandbox=NO',
    'xferlog_enable=NO',
    '',
  ].join('\n');
}

/** An FTP server whose greeting and whose file `name.txt` both say `name`. */
export async function startFtp(host: Host, name: string): Promise<void> {
  mkdirSync(join(host.disk, 'srv/ftp'), { recursive: true });
  host.write('srv/ftp/name.txt', `${name}\n`);
  host.write('srv/ftp/welcome.msg', 'Welcome\n');
  host.write('srv/vsftpd.conf', vsftpdConfig(host, name));
  const server = host.start(['vsftpd', join(host.disk, 'srv/vsftpd.conf')]);
  await waitFor(
    'vsftpd to listen',
    startMs,
    async () => {
      const { stdout } = await host.run(['cat', '/proc/net/tcp']);
      return /:0015 00000000:0000 0A/.test(stdout);
    },
    () => server.output,
  );
}

export interface FtpVisit {
  /** Who greeted on the control connection, and who answered each data connection. */
  readonly control: string;
  readonly data: readonly string[];
}

const visitPath = fileURLToPath(new URL('./ftp-visit.js', import.meta.url));

/** One FTP client's visit with several data connections. */
export async function visitFtp(client: Host, address: string, files: number): Promise<FtpVisit> {
  const command = [process.execPath, visitPath, address, String(files)];
  const { stdout } = await client.run(command, { limitMs: 180_000 });
  const visit: FtpVisit = JSON.parse(stdout);
  return visit;
}

export interface TableService {
  /** As ipvsadm prints it, such as `TCP 10.142.85.64:80 rr`. */
  readonly service: string;
  /** Such as `192.168.0.1:80 Masq 1`, sorted. */
  readonly servers: readonly string[];
}

/** Reads `ipvsadm -Ln` without its counters, services sorted by their text. */
export function parseTable(text: string): TableService[] {
  const table: { service: string; servers: string[] }[] = [];
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    if (/^(TCP|UDP|SCTP|FWM)\s/.test(line)) table.push({ service: words.join(' '), servers: [] });
    else if (words[0] === '->' && !line.includes('RemoteAddress')) {
      table.at(-1)?.servers.push(words.slice(1, 4).join(' '));
    }
  }
  for (const each of table) each.servers.sort();
  return table.sort((a, b) => (a.service < b.service ? -1 : 1));
}

export async function tableOf(host: Host): Promise<TableService[]> {
  return parseTable((await host.run(['ipvsadm', '-Ln'])).stdout);
}
