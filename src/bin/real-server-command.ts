// `lubdub realserver`: the commands that a real server needs, and who on the network answers ARP
// for the VIPs, which must be the director alone.

import { describeDiagnostics } from '../config/diagnostic.js';
import type { DirectorConfig } from '../config/director-config.js';
import {
  type RealServerMethod,
  type RouteVariant,
  realServerCommands,
} from '../director/real-server-setup.js';
import { openAddressTable } from '../kernel/addresses.js';
import { whoAnswers } from '../kernel/probe.js';
import type { Sys } from '../kernel/sys.js';
import { findConfig, instanceOf, stateDirOf } from '../ldirectord/instance.js';
import { loadDirectorFile } from '../runtime/load-files.js';

export interface RealServerOptions {
  readonly config: string | undefined;
  readonly configDir: string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

const EXIT_WRONG = 1;
const EXIT_TROUBLE = 2;
const PROBES = 3;
const PROBE_SPACING_MS = 200;
const METHODS = ['nat', 'dr', 'tun'] as const;
const VARIANTS = ['arp', 'arptables', 'redirect'] as const;

async function load(options: RealServerOptions): Promise<DirectorConfig | undefined> {
  const { configDir, complain } = options;
  const places = { configDir, runDir: '', stateDir: stateDirOf(undefined, '') };
  const instance = instanceOf(options.config, places);
  const path = await findConfig(instance, places);
  if (path === undefined) {
    complain(`no ${instance.config} in ${configDir}`);
    return undefined;
  }
  const { config, diagnostics } = await loadDirectorFile(path);
  if (config === undefined) complain(describeDiagnostics(diagnostics));
  return config;
}

export interface PrintOptions extends RealServerOptions {
  readonly server: string;
  readonly method: string | undefined;
  readonly variant: string | undefined;
  readonly gateway: string | undefined;
}

/** 0 printed, 2 there is nothing to print. */
export async function runRealServerPrint(options: PrintOptions): Promise<number> {
  const { write, complain, gateway } = options;
  const method: RealServerMethod | undefined = METHODS.find((one) => one === options.method);
  const variant: RouteVariant | undefined = VARIANTS.find(
    (one) => one === (options.variant ?? 'arp'),
  );
  if (variant === undefined || (method === undefined && options.method !== undefined)) {
    complain(`--method is one of ${METHODS.join(', ')}; --variant one of ${VARIANTS.join(', ')}`);
    return EXIT_TROUBLE;
  }
  const config = await load(options);
  if (config === undefined) return EXIT_TROUBLE;
  const server = options.server.replace(/^\[|\]$/g, '');
  const lines = realServerCommands(config, { server, method, variant, gateway });
  if (typeof lines === 'string') {
    complain(lines);
    return EXIT_TROUBLE;
  }
  write(`${lines.join('\n')}\n`);
  return 0;
}

export interface Segment {
  readonly interfaceName: string;
  /** The VIP is held here: nobody else may answer. */
  readonly isOurs: boolean;
}

/** Where to ask for an address; tests bring their own network. */
export interface VerifyNetwork {
  segmentOf(address: string): Segment | undefined;
  readonly sys?: Sys;
}

/** 0 the right one answers, 1 a wrong one does, 2 it cannot be asked. */
export async function runRealServerVerify(
  options: RealServerOptions,
  network: VerifyNetwork = kernelNetwork(),
): Promise<number> {
  const { write, complain } = options;
  const config = await load(options);
  if (config === undefined) return EXIT_TROUBLE;
  let worst = 0;
  for (const vip of ipv4Vips(config)) {
    const segment = network.segmentOf(vip);
    const ask = (address: string) => {
      const interfaceName = segment?.interfaceName ?? '';
      const settings = { address, interfaceName, count: PROBES, spacingMs: PROBE_SPACING_MS };
      return whoAnswers(settings, network.sys);
    };
    const answers = segment && (await ask(vip));
    if (answers?.ok !== true) {
      complain(`${vip}: ${answers?.detail ?? 'no interface has its network'}`);
      worst = EXIT_TROUBLE;
      continue;
    }
    const names = new Map<string, string>();
    for (const real of realsBehind(config, vip)) {
      const known = answers.value.length === 0 ? undefined : await ask(real);
      if (known?.ok === true) for (const mac of known.value) names.set(mac, real);
    }
    for (const mac of answers.value) {
      const name = names.get(mac);
      if (name !== undefined) write(`WRONG ${vip}: real server ${name} (${mac}) answers ARP\n`);
      else if (segment?.isOurs === true) write(`WRONG ${vip}: held here, but ${mac} answers too\n`);
      else write(`ok    ${vip}: ${mac} answers, none of the real servers\n`);
      if (name !== undefined || segment?.isOurs === true) worst = Math.max(worst, EXIT_WRONG);
    }
    if (answers.value.length > 0) continue;
    write(
      `ok    ${vip}: ${segment?.isOurs === true ? 'held here, and ' : ''}nobody else answers\n`,
    );
  }
  return worst;
}

const ipv4Vips = (config: DirectorConfig): readonly string[] => [
  ...new Set(
    config.virtuals.flatMap(({ key }) =>
      key.kind === 'address' && key.family === 4 ? [key.address] : [],
    ),
  ),
];

const realsBehind = (config: DirectorConfig, vip: string): readonly string[] => [
  ...new Set(
    config.virtuals
      .filter(({ key }) => key.kind === 'address' && key.address === vip)
      .flatMap(({ reals }) => reals.map(({ address }) => address)),
  ),
];

function kernelNetwork(): VerifyNetwork {
  return {
    segmentOf: (address) => {
      const table = openAddressTable();
      if (!table.ok) return undefined;
      const held = table.value.list();
      const own = held.ok ? held.value.find((one) => one.address === address) : undefined;
      const isOurs = own !== undefined && own.interfaceName !== 'lo';
      const place = isOurs ? own : table.value.placeOf(address);
      table.value.close();
      return place && { interfaceName: place.interfaceName, isOurs };
    },
  };
}
