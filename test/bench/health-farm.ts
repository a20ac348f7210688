// A farm to be checked: one web server with thousands of addresses behind a cable, and a director
// on this side of it that runs ours, keepalived or the original, each on a table that is a model
// where the kernel has none. The web server's log says who was asked when.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from '../lab/host.js';
import { Lab } from '../lab/lab.js';
import { type Program, run } from '../lab/process.js';

export type HealthPeer =
  | 'lubdub'
  | 'lubdub, watchconn'
  | 'lubdub, whole client'
  | 'keepalived'
  | 'ldirectord 4.12';

export interface FarmShape {
  readonly services: number;
  readonly realsEach: number;
  readonly checkTimeoutSeconds: number;
}

const modelDirector = fileURLToPath(new URL('./model-director.js', import.meta.url));
export const victimPath: string = fileURLToPath(new URL('./victim-server.js', import.meta.url));
const source = fileURLToPath(new URL('../../../test/bench/ipvs-stub.c', import.meta.url));

export const realAddress = (service: number, real: number): string =>
  `10.20.${service}.${real + 1}`;
const virtualAddress = (service: number): string => `10.30.${service}.1`;

function* eachService(shape: FarmShape): Generator<readonly [number, readonly string[]]> {
  for (let at = 0; at < shape.services; at++) {
    yield [at, Array.from({ length: shape.realsEach }, (_, real) => realAddress(at, real))];
  }
}

function ldirectordText(shape: FarmShape, peer: HealthPeer): string {
  const isWhole = peer === 'lubdub, whole client';
  const lines = [
    'checkinterval=1',
    `checktimeout=${shape.checkTimeoutSeconds}`,
    `negotiatetimeout=${shape.checkTimeoutSeconds}`,
    'quiescent=yes',
    'logfile="/var/log/director.log"',
    ...(peer === 'lubdub, watchconn' ? ['watchconn=yes'] : []),
  ];
  for (const [at, reals] of eachService(shape)) {
    lines.push(`virtual=${virtualAddress(at)}:80`);
    for (const real of reals) {
      // A whole address is asked for by the whole client.
      const pair = isWhole ? ` "http://${real}/", "Test"` : '';
      lines.push(`\treal=${real}:80 gate 1${pair}`);
    }
    lines.push('\tservice=http', '\tscheduler=rr', '\trequest="/"', '\treceive="Test"');
  }
  return `${lines.join('\n')}\n`;
}

function keepalivedText(shape: FarmShape): string {
  const blocks: string[] = ['global_defs {', '}'];
  for (const [at, reals] of eachService(shape)) {
    blocks.push(`virtual_server ${virtualAddress(at)} 80 {`);
    blocks.push(
      ' delay_loop 1',
      ' lb_algo rr',
      ' lb_kind DR',
      ' protocol TCP',
      ' inhibit_on_failure',
    );
    for (const real of reals) {
      blocks.push(` real_server ${real} 80 {`, '  weight 1', '  HTTP_GET {', '   url {');
      blocks.push('    path /', '    status_code 200', '   }', '   retry 0');
      blocks.push(`   connect_timeout ${shape.checkTimeoutSeconds}`, '  }', ' }');
    }
    blocks.push('}');
  }
  return `${blocks.join('\n')}\n`;
}

export interface Answered {
  /** Wall time of the answer, in seconds. */
  readonly at: number;
  readonly address: string;
}

export class HealthFarm {
  readonly lab: Lab = new Lab();
  readonly shape: FarmShape;
  #director: Host | undefined;
  #farm: Host | undefined;

  constructor(shape: FarmShape) {
    this.shape = shape;
  }

  get director(): Host {
    return this.#director ?? notBuilt();
  }

  get farm(): Host {
    return this.#farm ?? notBuilt();
  }

  /** `hasWeb` false: whoever is to answer is started by the bench. */
  async build(hasWeb = true): Promise<void> {
    await this.lab.network.addSwitch('lan');
    const port = { device: 'eth0', switchName: 'lan' };
    this.#farm = await this.lab.addHost({
      name: 'farm',
      interfaces: [{ ...port, address: '10.10.0.2/24', mac: '02:00:00:00:00:02' }],
    });
    this.#director = await this.lab.addHost({
      name: 'director',
      interfaces: [{ ...port, address: '10.10.0.1/24', mac: '02:00:00:00:00:01' }],
    });
    // The whole network is the farm's own, without an address for each.
    await this.farm.ip('route add local 10.20.0.0/16 dev lo');
    await this.director.ip('route add 10.20.0.0/16 via 10.10.0.2');
    if (!hasWeb) return;
    this.farm.write('srv/nginx.conf', nginxText);
    await this.farm.run(['nginx', '-c', join(this.farm.disk, 'srv/nginx.conf')]);
  }

  /** Wall time of the farm's answers, by the farm's own log; flushed each second. */
  answers(): readonly Answered[] {
    const lines = this.farm.read('log/nginx/checks.log').split('\n');
    return lines.flatMap((line) => {
      const [at, address] = line.split(' ');
      return at === undefined || address === undefined ? [] : [{ at: Number(at), address }];
    });
  }

  async start(peer: HealthPeer): Promise<Program | undefined> {
    const { director } = this;
    if (peer === 'keepalived') {
      const stub = join(this.lab.folder, 'ipvs-stub.so');
      await run(['gcc', '-shared', '-fPIC', '-O2', '-o', stub, source]);
      director.write('ha.d/keepalived.conf', keepalivedText(this.shape));
      return director.start([
        ...['env', `LD_PRELOAD=${stub}`, 'keepalived', '--dont-fork', '--log-console'],
        ...['--no-syslog', '--check', '--use-file', '/etc/ha.d/keepalived.conf'],
      ]);
    }
    director.write('ha.d/bench.cf', ldirectordText(this.shape, peer));
    if (peer === 'ldirectord 4.12') {
      const stub = join(this.lab.folder, 'ipvsadm');
      writeFileSync(stub, '#!/bin/sh\nexit 0\n');
      chmodSync(stub, 0o755);
      await director.run(['mount', '--bind', stub, '/usr/sbin/ipvsadm']);
      await director.run(['ldirectord', '/etc/ha.d/bench.cf', 'start'], { limitMs: 300_000 });
      return undefined;
    }
    return director.start([
      ...[process.execPath, modelDirector, '--config-dir', '/etc/ha.d', '--run-dir', '/run/lubdub'],
      'bench.cf',
    ]);
  }

  directorLog(): string {
    try {
      return readFileSync(join(this.director.disk, 'log/director.log'), 'utf8');
    } catch {
      return '';
    }
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

function notBuilt(): never {
  throw new Error('the farm is not built');
}

const nginxText = `user root;
worker_processes 1;
worker_rlimit_nofile 20000;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { worker_connections 8192; }
http {
  log_format checks '$msec $server_addr';
  access_log /var/log/nginx/checks.log checks buffer=64k flush=1s;
  keepalive_timeout 0;
  client_body_temp_path /run/nginx-body;
  proxy_temp_path /run/nginx-proxy;
  fastcgi_temp_path /run/nginx-fastcgi;
  uwsgi_temp_path /run/nginx-uwsgi;
  scgi_temp_path /run/nginx-scgi;
  server { listen 80 backlog=8192; location / { return 200 "Test Page\\n"; } }
}
`;
