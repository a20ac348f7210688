// One director in front of two real servers that it reaches in all three ways: by address
// translation from a network of its own, by direct routing and by tunnel on the inner one. No
// heartbeat here: the director's addresses are put there by the lab.

import { fileURLToPath } from 'node:url';
import type { Host } from './host.js';
import { Lab } from './lab.js';
import type { Finished, Program } from './process.js';
import { startWeb } from './servers.js';

export const natVip = '10.9.1.100';
export const routeVip = '10.9.0.100';
export const tunnelVip = '10.9.0.101';
export const vips: readonly string[] = [natVip, routeVip, tunnelVip];

/** A service that the administrator made by hand; the director has no business with it. */
export const foreignService = {
  service: 'TCP 10.9.0.200:8080 wlc',
  servers: ['10.9.0.12:8080 Masq 7'],
};

const compat = fileURLToPath(new URL('../../compat/ldirectord', import.meta.url));
const configName = 'three.cf';
const commandMs = 180_000;

const daemonPattern = /director-main\.js|^lubdub ldirectord|ldirectord three\.cf start/;

const virtual = (address: string, forwarding: string, receive: string): string =>
  [
    `virtual=${address}:80`,
    `\treal=10.9.0.11:80 ${forwarding}`,
    `\treal=10.9.0.12:80 ${forwarding}`,
    '\tservice=http',
    '\trequest="ldirector.html"',
    `\treceive="${receive}"`,
    '\tscheduler=rr',
    '',
  ].join('\n');

export interface ConfigChoice {
  readonly cleanstop?: 'yes' | 'no';
  /** Lines for all services, such as deadaction. */
  readonly globals?: readonly string[];
  /** Lines of the first service, such as persistent. */
  readonly natLines?: readonly string[];
  /** A line that is no directive. */
  readonly typo?: string;
}

export function directorConfig(choice: ConfigChoice = {}): string {
  return [
    'checkinterval=2',
    'checktimeout=10',
    'negotiatetimeout=10',
    'quiescent=yes',
    'autoreload=no',
    `cleanstop=${choice.cleanstop ?? 'yes'}`,
    'logfile="/var/log/ldirectord.log"',
    ...(choice.globals ?? []),
    virtual(natVip, 'masq', 'Test Page') +
      (choice.natLines ?? []).map((each) => `\t${each}\n`).join(''),
    virtual(routeVip, 'gate', 'Test Page'),
    ...(choice.typo === undefined ? [] : [choice.typo]),
    virtual(tunnelVip, 'ipip', 'Test Page'),
  ].join('\n');
}

export class DirectorCluster {
  readonly lab: Lab = new Lab();

  static async build(): Promise<DirectorCluster> {
    const cluster = new DirectorCluster();
    try {
      await cluster.addMachines();
      for (const name of ['real1', 'real2']) {
        await makeRealServer(cluster.lab.host(name));
        await startWeb(cluster.lab.host(name), name);
      }
      cluster.configure();
      return cluster;
    } catch (error) {
      cluster.lab.closeNow();
      throw error;
    }
  }

  private async addMachines(): Promise<void> {
    await this.lab.network.addSwitch('inside');
    await this.lab.network.addSwitch('outside');
    const at = (side: 0 | 1, number: number, address: string) => ({
      device: `eth${side}`,
      switchName: side === 0 ? 'inside' : 'outside',
      address: `${address}/24`,
      mac: `02:00:00:09:0${side}:${String(number).padStart(2, '0')}`,
    });
    await this.lab.addHost({
      name: 'director',
      interfaces: [at(0, 1, '10.9.0.1'), at(1, 1, '10.9.1.1')],
      forwards: true,
    });
    for (const number of [11, 12]) {
      await this.lab.addHost({
        name: `real${number - 10}`,
        interfaces: [at(0, number, `10.9.0.${number}`)],
        gateway: '10.9.0.1',
      });
    }
    await this.lab.addHost({
      name: 'client',
      interfaces: [at(0, 9, '10.9.0.9'), at(1, 9, '10.9.1.9')],
    });
    await this.director.ip(
      `addr add ${natVip}/24 dev eth1`,
      `addr add ${routeVip}/24 dev eth0`,
      `addr add ${tunnelVip}/24 dev eth0`,
    );
  }

  get director(): Host {
    return this.lab.host('director');
  }

  get client(): Host {
    return this.lab.host('client');
  }

  configure(choice: ConfigChoice = {}): void {
    this.director.write(`ha.d/${configName}`, directorConfig(choice));
  }

  /** `ldirectord three.cf COMMAND`, as an operator of the original would type it. */
  command(command: string): Promise<Finished> {
    const argv = [process.execPath, compat, configName, command];
    return this.director.run(argv, { anyCode: true, limitMs: commandMs });
  }

  /** Adds the administrator's own service, with Debian's tool. */
  async addForeignService(): Promise<void> {
    const service = ['-t', '10.9.0.200:8080'];
    await this.director.run(['ipvsadm', '-A', ...service, '-s', 'wlc']);
    await this.director.run([
      ...['ipvsadm', '-a', ...service, '-r', '10.9.0.12:8080', '-m', '-w', '7'],
    ]);
  }

  /** The answer of whoever serves the address; throws when nobody does. */
  async ask(address: string): Promise<string> {
    const input = `GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`;
    const argv = ['socat', '-t', '30', '-', `TCP4:${address}:80,connect-timeout=30`];
    const { stdout } = await this.client.run(argv, { input, limitMs: commandMs });
    const [head = '', body = ''] = stdout.split('\r\n\r\n');
    if (!/^HTTP\/1\.\d 200 /.test(head)) throw new Error(`${address} answered: ${stdout}`);
    return body.trim();
  }

  daemonPids(): number[] {
    return this.director
      .processes()
      .filter((each) => daemonPattern.test(each.command))
      .map((each) => each.pid);
  }

  explain(): string {
    try {
      return this.director.read('log/ldirectord.log').slice(-4000);
    } catch {
      return 'no log';
    }
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

/**
 * What the literature asks of a real server: it has the service address where nobody sees it (lo
 * for direct routing, the tunnel's device for tunnelling) and neither answers nor speaks ARP for
 * it; and its default gateway is the director, for address translation.
 */
async function makeRealServer(host: Host): Promise<void> {
  for (const [name, value] of [
    ['arp_ignore', '1'],
    ['arp_announce', '2'],
  ] as const) {
    await host.sysctl(`net/ipv4/conf/all/${name}`, value);
  }
  await host.ip(
    `addr add ${routeVip}/32 dev lo`,
    'link set tunl0 up',
    `addr add ${tunnelVip}/32 dev tunl0`,
  );
  await host.sysctl('net/ipv4/conf/tunl0/rp_filter', '0');
}

export interface TableSample {
  /** Lines of real servers with their weights, such as `0A09000B:0050 Route 1`. */
  readonly servers: readonly string[];
}

/** Reads the kernel's table over and over, so that a moment without an entry is seen. */
export class TableSampler {
  private readonly program: Program;

  constructor(host: Host, pauseSeconds: string) {
    const loop = 'while :; do cat /proc/net/ip_vs; sleep "$1"; done';
    this.program = host.start(['busybox', 'sh', '-c', loop, 'sampler', pauseSeconds]);
  }

  /** Every whole sample so far. */
  samples(): TableSample[] {
    const parts = this.program.output.split(/^IP Virtual Server version.*$/m).slice(1, -1);
    return parts.map((part) => ({
      servers: [...part.matchAll(/^ {2}-> (\w+:\w{4}) +(\w+) +(\d+)/gm)].map((match) =>
        match.slice(1, 4).join(' '),
      ),
    }));
  }

  async stop(): Promise<void> {
    await this.program.stop('SIGKILL');
  }
}
