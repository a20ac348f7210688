// `lubdub preflight`: gathers what a takeover by this machine would need and prints the judgement.
// It looks and asks, and changes nothing.

import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { describeDiagnostics } from '../config/diagnostic.js';
import type { DirectorConfig } from '../config/director-config.js';
import { controlPath } from '../heartbeat/paths.js';
import { openAddressTable } from '../kernel/addresses.js';
import { findConfig, instanceOf, stateDirOf } from '../ldirectord/instance.js';
import { askControl, type JsonObject } from '../runtime/control-socket.js';
import { loadDirectorFile } from '../runtime/load-files.js';
import { type Finding, judgePreflight, type ModuleState, type VipPlace } from './preflight.js';

export interface PreflightOptions {
  readonly config: string | undefined;
  readonly configDir: string;
  readonly runDir: string;
  readonly json: boolean;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

const EXIT_BAD = 1;
const ANSWER_WAIT_MS = 5000;

const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined);

export async function runPreflight(options: PreflightOptions): Promise<number> {
  const { configDir, runDir, write, complain } = options;
  const places = { configDir, runDir, stateDir: stateDirOf(undefined, runDir) };
  const instance = instanceOf(options.config, places);
  const configPath = await findConfig(instance, places);
  if (configPath === undefined) {
    complain(`no ${instance.config} in ${configDir}`);
    return EXIT_BAD;
  }
  const { config, diagnostics } = await loadDirectorFile(configPath);
  if (config === undefined) {
    complain(describeDiagnostics(diagnostics));
    return EXIT_BAD;
  }
  const findings = judgePreflight({
    config,
    configPath,
    modules: await modulesOf(config),
    sysctl: await readSysctls(),
    vips: vipPlaces(config),
    director: await ask(instance.controlSocket),
    isHeartbeatRunning: (await ask(controlPath(runDir))) !== undefined,
  });
  const isReady = findings.every(({ level }) => level !== 'bad');
  write(options.json ? jsonText(findings, isReady) : pageText(findings, isReady));
  return isReady ? 0 : EXIT_BAD;
}

async function ask(path: string): Promise<JsonObject | undefined> {
  const answer = await askControl(path, { command: 'status' }, ANSWER_WAIT_MS);
  return answer.ok ? answer.value : undefined;
}

const jsonText = (findings: readonly Finding[], isReady: boolean): string =>
  `${JSON.stringify({ schema: 'lubdub/preflight/v1', isReady, findings })}\n`;

function pageText(findings: readonly Finding[], isReady: boolean): string {
  const lines = findings.map(({ level, subject, text, type }) => {
    const hint = type === '' ? '' : `\n      type: ${type}`;
    return `${level.padEnd(4)}  ${subject}: ${text}${hint}`;
  });
  const end = isReady ? 'this director could take over now' : 'this director could NOT take over';
  return `${[...lines, end].join('\n')}\n`;
}

/** modules.dep and modules.builtin of this kernel have a path a line, /proc/modules a name. */
async function modulesOf(config: DirectorConfig): Promise<ReadonlyMap<string, ModuleState>> {
  const folder = join('/lib/modules', release());
  const running = (await textOf('/proc/modules')) ?? '';
  const builtin = await textOf(join(folder, 'modules.builtin'));
  const listed = await textOf(join(folder, 'modules.dep'));
  const isTableThere = (await textOf('/proc/net/ip_vs')) !== undefined;
  const stateOf = (name: string): ModuleState => {
    if (name === 'ip_vs' && isTableThere) return 'loaded';
    if (running.split('\n').some((line) => line.startsWith(`${name} `))) return 'loaded';
    const file = `/${name}.ko`;
    if (builtin?.includes(file) === true) return 'loaded';
    if (listed === undefined) return undefined;
    return listed.includes(file) ? 'loadable' : 'absent';
  };
  const schedulers = config.virtuals.map(({ scheduler }) => `ip_vs_${scheduler}`);
  const names = ['ip_vs', ...new Set(schedulers)];
  return new Map(names.map((name) => [name, stateOf(name)]));
}

/** All that may be asked for, read before: judging waits for nothing. */
async function readSysctls(): Promise<(name: string) => number | undefined> {
  const table = openAddressTable();
  const found = table.ok ? table.value.interfaces() : undefined;
  if (table.ok) table.value.close();
  const interfaces = found?.ok === true ? found.value.map(({ name }) => name) : [];
  const names = ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'];
  for (const one of ['all', ...interfaces]) {
    names.push(`net/ipv4/conf/${one}/rp_filter`, `net/ipv4/conf/${one}/arp_ignore`);
  }
  const known = new Map<string, number>();
  for (const name of names) {
    const text = await textOf(join('/proc/sys', name));
    if (text !== undefined) known.set(name.replaceAll('/', '.'), Number(text));
  }
  return (name) => known.get(name);
}

function vipPlaces(config: DirectorConfig): readonly VipPlace[] {
  const addresses = new Set(
    config.virtuals.flatMap(({ key }) => (key.kind === 'address' ? [key.address] : [])),
  );
  const table = openAddressTable();
  if (!table.ok) {
    return [...addresses].map((address) => ({
      address,
      interfaceName: undefined,
      isUp: false,
      presentOn: undefined,
    }));
  }
  const { list, interfaces, placeOf, close } = table.value;
  const [held, links] = [list(), interfaces()];
  const places = [...addresses].map((address) => {
    const place = placeOf(address);
    const link = links.ok
      ? links.value.find(({ name }) => name === place?.interfaceName)
      : undefined;
    const there = held.ok ? held.value.find((one) => one.address === address) : undefined;
    return {
      address,
      interfaceName: place?.interfaceName,
      isUp: link?.isUp === true && (link.hasCarrier || link.name === 'lo'),
      presentOn: there?.interfaceName,
    };
  });
  close();
  return places;
}
