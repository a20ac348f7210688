// Two emulated machines as a pair of directors, joined by a wire and by a null-modem cable between
// their UARTs. Nothing but heartbeat runs on them; what they do stands in their logs.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NullModem } from './null-modem.js';
import type { Program } from './process.js';
import { type RunningVm, startVm } from './vm.js';
import { LogWatch } from './watch.js';

export const machineNames = ['alpha', 'beta'] as const;
export type MachineName = (typeof machineNames)[number];
export const vip = '10.9.0.100';
export const deadtimeMs = 4000;

/** An emulated processor beats slowly; both must have booted within the initial dead time. */
const haCf = `logfile /out/log/ha-log
logfacility none
keepalive 500ms
warntime ${deadtimeMs / 2}ms
deadtime ${deadtimeMs}ms
initdead 60
udpport 694
serial /dev/ttyS1
bcast eth0
auto_failback off
node alpha
node beta
`;

function guestCommand(name: MachineName, address: string): string {
  return [
    `hostname ${name}; ip link set eth0 up; ip addr add ${address}/24 brd + dev eth0`,
    'rm -rf /etc/ha.d /var/lib/heartbeat; mkdir -p /etc/ha.d /var/lib/heartbeat',
    'cp /out/ha.d/* /etc/ha.d; chmod 600 /etc/ha.d/authkeys',
    'exec node dist/bin/lubdub.js heartbeat --foreground --config-dir /etc/ha.d',
  ].join('; ');
}

export class UartMachines {
  readonly cable: NullModem;
  readonly logs: Readonly<Record<MachineName, LogWatch>>;
  private readonly folder: string;
  private readonly machines: RunningVm[] = [];
  private readonly companions: Program[] = [];
  private readonly said: Record<MachineName, string> = { alpha: '', beta: '' };

  constructor(folder: string) {
    this.folder = folder;
    this.cable = new NullModem(folder);
    const { companions } = this;
    const follow = (name: MachineName): LogWatch => {
      mkdirSync(join(folder, name, 'log'), { recursive: true });
      return new LogWatch({ disk: join(folder, name), companions });
    };
    this.logs = { alpha: follow('alpha'), beta: follow('beta') };
  }

  async boot(): Promise<void> {
    for (const name of machineNames) await this.bootOne(name);
    await this.cable.ready();
  }

  private async bootOne(name: MachineName): Promise<void> {
    const end = name === 'alpha' ? 0 : 1;
    const out = join(this.folder, name);
    mkdirSync(join(out, 'ha.d'), { recursive: true });
    writeFileSync(join(out, 'ha.d/ha.cf'), haCf);
    writeFileSync(join(out, 'ha.d/haresources'), `alpha IPaddr::${vip}/24/eth0\n`);
    writeFileSync(join(out, 'ha.d/authkeys'), 'auth 1\n1 sha1 laboratory\n');
    const wireEnd = (at: number): string => join(this.folder, `wire-${at}`);
    const machine = await startVm(['sh', '-c', guestCommand(name, `10.9.0.${end + 1}`)], {
      out,
      cpus: 1,
      memoryMiB: 768,
      modules: ['virtio_net', 'af_packet'],
      cable: this.cable.path(end),
      wire: { own: wireEnd(end), peer: wireEnd(1 - end), mac: `02:00:00:09:00:0${end + 1}` },
      onLine: (line) => {
        this.said[name] += `${line}\n`;
      },
    });
    this.machines.push(machine);
  }

  explain(): string {
    const show = (name: MachineName): string =>
      `--- ${name}: log\n${this.logs[name].tail(60)}\n--- output\n${this.said[name].slice(-3000)}`;
    return [`arrived: ${this.cable.arrived.join(' and ')} bytes`, ...machineNames.map(show)].join(
      '\n',
    );
  }

  async end(): Promise<void> {
    for (const machine of this.machines) machine.kill();
    await Promise.all(this.machines.map(({ ended }) => ended));
    for (const companion of this.companions) await companion.stop('SIGKILL');
    this.cable.end();
  }
}
