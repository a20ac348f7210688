// The cluster of the literature: two directors, two real servers behind address translation, one
// client. Builds the machines and their services; whether the directors' program works is for
// the steps to say.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HeartbeatProgram } from '../heartbeat-program.js';
import type { Host, Interface } from '../host.js';
import { Lab } from '../lab.js';
import type { SerialCable } from '../serial-cable.js';
import { startFtp, startWeb, type TableService } from '../servers.js';

export const insideVip = '192.168.0.64';
export const outsideVip = '10.142.85.64';
export const fallbackPage = 'sorry from';

const examples = fileURLToPath(new URL('../../../../etc/ha.d.example/', import.meta.url));

/** What `ipvsadm -Ln` shows of ldirectord.cf while all real servers are well. */
export const wholeTable: readonly TableService[] = [
  {
    service: `TCP ${outsideVip}:21 rr persistent 600`,
    servers: ['192.168.0.1:21 Masq 1', '192.168.0.2:21 Masq 1'],
  },
  {
    service: `TCP ${outsideVip}:80 rr`,
    servers: ['192.168.0.1:80 Masq 1', '192.168.0.2:80 Masq 1'],
  },
];

/** Directives of ha.cf that replace the example's, by name. */
export type Overrides = Readonly<Record<string, string>>;

interface Addresses {
  readonly inside?: string;
  readonly outside?: string;
}

function interfaces(number: number, { inside, outside }: Addresses): Interface[] {
  const mac = (side: number): string => `02:00:00:64:0${side}:0${number}`;
  return [
    ...(inside === undefined
      ? []
      : [{ device: 'eth0', switchName: 'inside', address: `${inside}/24`, mac: mac(0) }]),
    ...(outside === undefined
      ? []
      : [{ device: 'eth1', switchName: 'outside', address: `${outside}/25`, mac: mac(1) }]),
  ];
}

export class ThesisCluster {
  readonly lab: Lab = new Lab();
  readonly directors = new Map<string, HeartbeatProgram>();
  private serial: SerialCable | undefined;

  static async build(overrides: Overrides = {}): Promise<ThesisCluster> {
    const cluster = new ThesisCluster();
    try {
      await cluster.addMachines();
      await cluster.startServices();
      for (const program of cluster.directors.values()) configure(program.host, overrides);
      return cluster;
    } catch (error) {
      cluster.lab.closeNow();
      throw error;
    }
  }

  private async addMachines(): Promise<void> {
    await this.lab.network.addSwitch('inside');
    await this.lab.network.addSwitch('outside');
    this.serial = await this.lab.addCable();
    const director = async (name: string, end: 0 | 1, addresses: Addresses): Promise<void> => {
      const host = await this.lab.addHost({
        name,
        interfaces: interfaces(end + 1, addresses),
        forwards: true,
        tty: this.cable.device(end),
        hosts: ['192.168.0.254 penguin-mom', '192.168.0.253 penguin-dad'],
      });
      this.directors.set(name, new HeartbeatProgram(host));
    };
    await director('penguin-mom', 0, { inside: '192.168.0.254', outside: '10.142.85.61' });
    await director('penguin-dad', 1, { inside: '192.168.0.253', outside: '10.142.85.63' });
    for (const number of [1, 2]) {
      await this.lab.addHost({
        name: `penguin${number}`,
        interfaces: interfaces(number + 2, { inside: `192.168.0.${number}` }),
        gateway: insideVip,
      });
    }
    await this.lab.addHost({
      name: 'client',
      interfaces: interfaces(5, { outside: '10.142.85.35' }),
    });
  }

  private async startServices(): Promise<void> {
    for (const name of ['penguin1', 'penguin2']) {
      await startWeb(this.lab.host(name), name);
      await startFtp(this.lab.host(name), name);
    }
    for (const { host } of this.directors.values()) await startFallback(host);
  }

  get cable(): SerialCable {
    if (this.serial === undefined) throw new Error('the cable is laid with the machines');
    return this.serial;
  }

  get client(): Host {
    return this.lab.host('client');
  }

  director(name: string): HeartbeatProgram {
    const program = this.directors.get(name);
    if (program === undefined) throw new Error(`no director is called ${name}`);
    return program;
  }

  other(name: string): HeartbeatProgram {
    return this.director(name === 'penguin-mom' ? 'penguin-dad' : 'penguin-mom');
  }

  /** Names of the directors whose kernel holds both addresses of the service. */
  async holders(): Promise<string[]> {
    const found: string[] = [];
    for (const [name, { host }] of this.directors) {
      if (!host.isOn) continue;
      const held = (await host.addresses()).map((each) => each.address.split('/')[0]);
      if (held.includes(insideVip) && held.includes(outsideVip)) found.push(name);
    }
    return found;
  }

  /** Names of the directors whose kernel holds any address of the service. */
  async touching(): Promise<string[]> {
    const found: string[] = [];
    for (const [name, { host }] of this.directors) {
      if (!host.isOn) continue;
      const held = (await host.addresses()).map((each) => each.address.split('/')[0]);
      if (held.includes(insideVip) || held.includes(outsideVip)) found.push(name);
    }
    return found;
  }

  outsideMac(name: string): string {
    const { settings } = this.lab.host(name);
    return settings.interfaces.find((each) => each.device === 'eth1')?.mac ?? '';
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

/** The page of last resort; each director answers it itself. Runs from boot, not by heartbeat. */
export async function startFallback(host: Host): Promise<void> {
  await startWeb(host, `${fallbackPage} ${host.name}`);
}

/** Puts the example configuration on a director's disk. */
export function configure(host: Host, overrides: Overrides): void {
  const text = (name: string): string => readFileSync(join(examples, name), 'utf8');
  const haCf = text('ha.cf').replace(/^(\w+) .*$/gm, (line, name: string) =>
    overrides[name] === undefined ? line : `${name} ${overrides[name]}`,
  );
  host.write('ha.d/ha.cf', haCf);
  host.write('ha.d/haresources', text('haresources'));
  host.write('ha.d/authkeys', text('authkeys'), 0o600);
  host.write('ha.d/ldirectord.cf', text('ldirectord.cf'));
}
