// Debian's keepalived on a lab host, as the peer to be measured against: without detailed log,
// which costs it milliseconds for each address.

import type { Host } from '../lab/host.js';
import type { Program } from '../lab/process.js';
import { waitFor } from '../lab/wait.js';

export interface KeepalivedSettings {
  readonly device: string;
  readonly advertSeconds: string;
  /** `ADDRESS/PREFIX dev DEVICE`, in their order. */
  readonly addresses: readonly string[];
  /** Further lines of `global_defs`. */
  readonly globals?: readonly string[];
  /** Further blocks of the configuration, such as virtual servers. */
  readonly blocks?: string;
}

const startMs = 60_000;

/** A returning node leaves the addresses where they are, as ours does with auto_failback off. */
function configuration(settings: KeepalivedSettings, priority: number): string {
  return [
    'global_defs {',
    '  vrrp_version 3',
    '  enable_script_security',
    ...(settings.globals ?? []).map((line) => `  ${line}`),
    '}',
    'vrrp_instance bench {',
    '  state BACKUP',
    '  nopreempt',
    `  interface ${settings.device}`,
    '  virtual_router_id 51',
    `  priority ${priority}`,
    `  advert_int ${settings.advertSeconds}`,
    '  virtual_ipaddress {',
    ...settings.addresses.map((each) => `    ${each}`),
    '  }',
    '}',
    settings.blocks ?? '',
    '',
  ].join('\n');
}

export class KeepalivedProgram {
  readonly host: Host;
  private readonly settings: KeepalivedSettings;
  private readonly priority: number;
  private program: Program | undefined;

  constructor(host: Host, settings: KeepalivedSettings, priority: number) {
    this.host = host;
    this.settings = settings;
    this.priority = priority;
  }

  start(): void {
    this.host.write('ha.d/keepalived.conf', configuration(this.settings, this.priority));
    const only = this.settings.blocks === undefined ? ['--vrrp'] : [];
    this.program = this.host.start([
      ...['keepalived', '--dont-fork', '--log-console', '--no-syslog', ...only],
      ...['--use-file', '/etc/ha.d/keepalived.conf'],
    ]);
  }

  get output(): string {
    return this.program?.output ?? '';
  }

  async waitForState(state: 'MASTER' | 'BACKUP'): Promise<void> {
    await waitFor(
      `keepalived on ${this.host.name} to be ${state}`,
      startMs,
      () => this.output.includes(`Entering ${state} STATE`),
      () => this.output.slice(-3000),
    );
  }
}
