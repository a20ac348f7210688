// The scenarios recorded from ldirectord 4.12 over a kernel's table, played in virtual time: after
// every step the table has to be the recorded one. Where ours is different on purpose, the reason
// stands here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectorConfig } from '#src/config/director-config.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import type { Forwarding, IpvsRequest, IpvsServiceKey } from '#src/wire/ipvs-table.js';
import { DirectorWorld } from '../simulation/director-world.js';
import { FakeIpvs } from '../simulation/fake-ipvs.js';
import { recordedNames } from './ldirectord-names.js';
import {
  type RecordedAction,
  type RecordedCase,
  RecordedServers,
  recordedCases,
  savedLines,
} from './ldirectord-recorded.js';

/** Not in the engine's hands: they are shown elsewhere, or are not there yet. */
const notPlayed: Readonly<Record<string, string>> = {
  external: 'a command is run by its adapter, whose tests are beside it',
  'external-killed-by-signal': 'likewise',
  'external-perl': 'likewise',
  autoreload: 'the file is watched by the program, whose tests are beside it',
};

/** Ours ends in another table, on purpose. */
const different: Readonly<Record<string, string>> = {
  'checktype-off': 'off brings no fallback server in, as the manual says',
  'fallback-global-fwmark': 'a global fallback works for a firewall mark too',
  'https-self-signed': 'chains are not verified',
  'https-trusted': 'chains are not verified',
  'real-request-leading-slash': 'a request with a slash in front keeps its pair',
  'ipv6-http-module-missing': 'IPv6 needs no module',
  'reload-command-bad-config': 'a daemon is reached whatever its file has become',
  'sighup-bad-config': 'health checking goes on after a bad reload',
  'manual-delete-not-noticed': 'changes by others to our services are repaired',
  'manual-delete-quiescent-readd': 'changes by others to our services are repaired',
  'manual-weight-change': 'changes by others to our services are repaired',
  'stop-gone-service': 'changes by others to our services are repaired',
  'shared-real-down-at-start': 'each virtual service gets its own entry with weight 0',
  'gate-port-forced-quiescent': 'gate entries are found by the port of their service',
  'scheduler-unknown': 'a refused service does not cost another one a real server',
  'virtual-without-port-is-fwmark': 'an address without a port is an error',
};

const KEEP_S = 3;

class Play {
  readonly #recorded: RecordedCase;
  readonly #servers: RecordedServers;
  readonly #files: Map<string, string>;
  readonly kernel: FakeIpvs = new FakeIpvs();
  #world: DirectorWorld | undefined;

  constructor(recorded: RecordedCase) {
    this.#recorded = recorded;
    this.#servers = new RecordedServers(recorded);
    this.#files = new Map(Object.entries(recorded.files));
    this.kernel.unknownSchedulers.add('bogus');
  }

  #config(): DirectorConfig | undefined {
    const text = this.#files.get(this.#recorded.config) ?? '';
    const names = recordedNames(this.#recorded.hosts);
    return parseDirectorConfig(text, 'lab.cf', names).config;
  }

  take(action: RecordedAction): void {
    switch (action.do) {
      case 'ldirectord':
        this.#command(action.argv?.at(-1) ?? '');
        return;
      case 'signal':
        this.#signal(action.signal ?? '');
        return;
      case 'real':
      case 'link':
        this.#servers.take(action);
        return;
      case 'write':
        this.#files.set(action.file ?? '', action.content ?? '');
        this.#maintain();
        return;
      case 'remove':
        this.#files.delete(action.file ?? '');
        this.#maintain();
        return;
      case 'ipvsadm':
        this.kernel.apply([ipvsadmRequest(action.args ?? [])]);
        return;
      case 'wait':
        this.run(action.seconds ?? 0);
        return;
    }
  }

  /** Which files take whom out of service is the program's matter; here: by address. */
  #maintain(): void {
    const files = [...this.#files.keys()].map((file) => file.replace(/^maint\//, ''));
    const endpoints = files.flatMap((file) => {
      if (/^[0-9.]+:[0-9]+$/.test(file)) return [file];
      return /^[0-9.]+$/.test(file) ? [`${file}:80`] : [];
    });
    this.#world?.offer({ kind: 'maintenance-changed', endpoints: new Set(endpoints) });
  }

  #command(verb: string): void {
    if (verb === 'start') this.#start();
    else if (verb === 'reload' || verb === 'force-reload') this.#signal('HUP');
    else if (verb === 'stop') this.#signal('TERM');
  }

  #start(): void {
    const config = this.#config();
    if (config === undefined || this.#world !== undefined) return;
    this.#world = new DirectorWorld(config, 'active', this.kernel);
    this.#world.judge = (spec) => this.#servers.answer(spec);
    this.#world.start();
  }

  #signal(name: string): void {
    if (name === 'HUP') {
      const config = this.#config();
      if (config !== undefined) this.#world?.offer({ kind: 'config-changed', id: 1, config });
      return;
    }
    if (name !== 'KILL') this.#world?.offer({ kind: 'shutdown-asked', signal: name });
    this.#world = undefined;
  }

  run(seconds: number): void {
    this.#world?.run(seconds * 1000);
  }
}

function ipvsadmRequest(args: readonly string[]): IpvsRequest {
  const value = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const [address = '', port = ''] = (value('-t') ?? '').split(':');
  const key: IpvsServiceKey = {
    kind: 'address',
    family: 4,
    protocol: 'tcp',
    address,
    port: Number(port),
  };
  const service = {
    key,
    scheduler: value('-s') ?? 'wlc',
    persistenceSeconds: value('-p') === undefined ? undefined : Number(value('-p')),
    persistencePrefix: 32,
    isOnePacket: false,
    schedulerFlags: 0,
  };
  if (args.includes('-A')) return { kind: 'add-service', service };
  if (args.includes('-D')) return { kind: 'delete-service', key };
  const [realAddress = '', realPort = ''] = (value('-r') ?? '').split(':');
  const forwarding: Forwarding = args.includes('-m') ? 'masq' : 'gate';
  const destination = {
    family: 4,
    address: realAddress,
    port: Number(realPort),
    forwarding,
    weight: Number(value('-w') ?? 1),
    upperThreshold: 0,
    lowerThreshold: 0,
  } as const;
  const kinds = { '-a': 'add-destination', '-e': 'edit-destination' } as const;
  const kind = args.includes('-a') ? kinds['-a'] : args.includes('-e') ? kinds['-e'] : undefined;
  return { kind: kind ?? 'delete-destination', key, destination };
}

for (const recorded of recordedCases) {
  if (recorded.name in notPlayed) continue;
  const reason = different[recorded.name];
  test(`${recorded.area} ${recorded.name}${reason === undefined ? '' : ` (${reason})`}`, () => {
    const play = new Play(recorded);
    const wrong: string[] = [];
    recorded.steps.forEach((step, index) => {
      for (const action of step.do) play.take(action);
      play.run((step.within_s ?? step.stable_s ?? 0) + KEEP_S);
      const found = savedLines(play.kernel.read()).join('\n');
      const wanted = [...step.expect.ipvs].sort().join('\n');
      if (found !== wanted) wrong.push(`step ${index + 1}:\n${found}\nrecorded:\n${wanted}`);
    });
    if (reason === undefined) assert.equal(wrong.join('\n\n'), '');
    else assert.notEqual(wrong.length, 0, 'the difference is gone: take it off the list');
  });
}
