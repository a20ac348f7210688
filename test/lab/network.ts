// The cables and switches of the lab: bridges in a namespace of their own, a veth pair for every
// plugged interface. The namespace has no name: it ends with the process that made it, so a
// killed runner leaves no interface behind.

import { IpBatch } from './ip-batch.js';
import { boundToUs } from './process.js';

/** Interface names have at most 15 characters; a counter keeps ours short and distinct. */
function portName(count: number): string {
  return `p${count}`;
}

interface Port {
  readonly name: string;
  readonly host: string;
  readonly device: string;
  readonly bridge: string;
}

export class Network {
  private readonly batch: IpBatch;
  private readonly bridges = new Map<string, string>();
  private ports: Port[] = [];
  private count = 0;

  constructor() {
    this.batch = new IpBatch(boundToUs(['unshare', '--net']));
  }

  /** A switch: forwards at once and does not filter multicast, as an unmanaged one. */
  async addSwitch(name: string): Promise<void> {
    const bridge = `sw${this.bridges.size}`;
    this.bridges.set(name, bridge);
    await this.batch.run(
      `link add ${bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0`,
      `link set ${bridge} addrgenmode none up`,
    );
  }

  /** Plugs `device` of a running host into a switch. The device appears in the host's kernel. */
  async plug(
    host: string,
    pid: number,
    device: string,
    switchName: string,
    mac: string,
  ): Promise<void> {
    const bridge = this.bridges.get(switchName);
    if (bridge === undefined) throw new Error(`no switch is called ${switchName}`);
    this.count += 1;
    const name = portName(this.count);
    this.ports.push({ name, host, device, bridge });
    await this.batch.run(
      `link add ${name} type veth peer name ${device} address ${mac} netns ${pid}`,
      `link set ${name} addrgenmode none master ${bridge} up`,
    );
  }

  private portsOf(host: string, device?: string): Port[] {
    const found = this.ports.filter(
      (port) => port.host === host && (device === undefined || port.device === device),
    );
    if (found.length === 0) throw new Error(`${host} has no plugged ${device ?? 'interface'}`);
    return found;
  }

  /** Takes the switch ports of a host down: the host sees its carrier go. */
  async cut(host: string, device?: string): Promise<void> {
    await this.batch.run(...this.portsOf(host, device).map((p) => `link set ${p.name} down`));
  }

  async mend(host: string, device?: string): Promise<void> {
    await this.batch.run(...this.portsOf(host, device).map((p) => `link set ${p.name} up`));
  }

  /**
   * Lets the given hosts no longer hear each other while everybody else still hears them: the
   * fault that makes two holders. Bridge ports that are `isolated` exchange nothing.
   */
  async separate(...hosts: readonly string[]): Promise<void> {
    await this.isolate(hosts, 'on');
  }

  async rejoin(...hosts: readonly string[]): Promise<void> {
    await this.isolate(hosts, 'off');
  }

  private async isolate(hosts: readonly string[], value: 'on' | 'off'): Promise<void> {
    const ports = hosts.flatMap((host) => this.portsOf(host));
    await this.batch.run(
      ...ports.map((port) => `link set dev ${port.name} type bridge_slave isolated ${value}`),
    );
  }

  /** Takes the ports of a host away for good; the host's ends of the cables vanish with them. */
  async unplug(host: string): Promise<void> {
    const gone = this.ports.filter((port) => port.host === host);
    this.ports = this.ports.filter((port) => port.host !== host);
    if (gone.length === 0) return;
    this.batch.send(...gone.map((port) => `link del ${port.name}`));
    // The kernel may have taken them away already with the host's namespace.
    await this.batch.settle().catch(() => undefined);
  }

  end(): void {
    this.batch.end();
  }
}
