// One lab: a folder, a network, hosts, cables; everything ends with it, whichever way this
// process ends. What cannot be cleaned after a SIGKILL (the folder) the next lab sweeps away.

import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Host, type HostSettings } from './host.js';
import { Network } from './network.js';
import { SerialCable } from './serial-cable.js';

const folderPrefix = 'lubdub-';

const open = new Set<Lab>();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Removes folders of runners that were killed before they could. */
function sweep(): void {
  // The emulated machine sees this machine's folders, and none of the processes they belong to.
  if (process.env.LUBDUB_LAB_WHERE === 'vm') return;
  for (const entry of readdirSync(tmpdir())) {
    const pid = /^lubdub-(\d+)-/.exec(entry)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      rmSync(join(tmpdir(), entry), { recursive: true, force: true });
    }
  }
}

export class Lab {
  readonly folder: string;
  readonly network: Network;
  readonly hosts = new Map<string, Host>();
  private readonly cables: SerialCable[] = [];

  constructor() {
    sweep();
    this.folder = mkdtempSync(join(tmpdir(), `${folderPrefix}${process.pid}-`));
    // Daemons that drop their rights (vsftpd) read below it; secrets have modes of their own.
    chmodSync(this.folder, 0o755);
    this.network = new Network();
    open.add(this);
    watchForTheEnd();
  }

  /** Lays a serial cable before the hosts are made, because they need its ends' names. */
  async addCable(): Promise<SerialCable> {
    const cable = new SerialCable(join(this.folder, `cable${this.cables.length}`));
    this.cables.push(cable);
    await cable.ready();
    return cable;
  }

  async addHost(settings: HostSettings): Promise<Host> {
    const host = new Host(settings, this.folder, this.network);
    this.hosts.set(settings.name, host);
    await host.powerOn();
    return host;
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host is called ${name}`);
    return host;
  }

  async close(): Promise<void> {
    for (const host of this.hosts.values()) {
      await host.powerOff().catch(() => undefined);
    }
    this.closeNow();
  }

  /** Ends everything without waiting. */
  closeNow(): void {
    if (!open.delete(this)) return;
    for (const host of this.hosts.values()) host.killNow();
    for (const cable of this.cables) cable.end();
    this.network.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let isWatching = false;

function watchForTheEnd(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('exit', () => {
    for (const lab of open) lab.closeNow();
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
}
