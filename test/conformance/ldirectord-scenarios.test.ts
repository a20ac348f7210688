// The scenarios recorded from ldirectord 4.12 over a kernel's table, played in virtual time: after
// every step the table has to be the recorded one, or the one that ldirectord-differences.ts says.
// The real daemon plays all of them in the lab.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectorConfig } from '#src/config/director-config.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import type { Forwarding, IpvsRequest, IpvsServiceKey } from '#src/wire/ipvs-table.js';
import { DirectorWorld } from '../simulation/director-world.js';
import { FakeIpvs } from '../simulation/fake-ipvs.js';
import { changedStep, differences } from './ldirectord-differences.js';
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
  'https-trusted': 'certificates are judged by the check, whose tests are beside it',
  'https-self-signed': 'likewise',
};

/** Their servers speak, send or are called; they are played in the lab alone. */
const notPlayedAreas: ReadonlySet<string> = new Set(['commands', 'mail', 'modes', 'service']);

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
  if (recorded.name in notPlayed || notPlayedAreas.has(recorded.area)) continue;
  const claim = differences[recorded.name]?.claim;
  test(`${recorded.area} ${recorded.name}${claim === undefined ? '' : `: ${claim}`}`, () => {
    const play = new Play(recorded);
    recorded.steps.forEach((each, index) => {
      const step = changedStep(recorded.name, index, each);
      for (const action of step.do) play.take(action);
      play.run((step.within_s ?? step.stable_s ?? 0) + KEEP_S);
      const found = savedLines(play.kernel.read()).join('\n');
      assert.equal(found, [...step.expect.ipvs].sort().join('\n'), `step ${index + 1}`);
    });
  });
}
