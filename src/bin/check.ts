// `lubdub check`: all faults of the configuration files in one run, with places and hints. It
// needs no rights beyond reading and changes nothing; the machine and the daemon it asks only when
// the files are this machine's.

import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

import type { Duration } from '../base/time.js';
import { parseAuthKeys } from '../config/auth-keys.js';
import {
  countLine,
  createSink,
  type Diagnostic,
  describeDiagnostics,
  wholeFile,
} from '../config/diagnostic.js';
import type { DirectorConfig } from '../config/director-config.js';
import { type HaConfig, parseHaConfig } from '../config/ha-config.js';
import { timeText } from '../config/ha-values.js';
import { parseHaresources } from '../config/haresources.js';
import { defaultPaths } from '../heartbeat/paths.js';
import {
  type HaFiles,
  loadDirectorFile,
  loadHaFiles,
  readConfigFile,
} from '../runtime/load-files.js';
import { expiryLines } from './check-expiry.js';
import { judgeMachine } from './check-machine.js';

/** What a daemon advertises on top in its first 5 s. */
const earlyAllowanceMs = 2000;

export interface CheckOptions {
  /** Used when `files` is empty; default /etc/ha.d. */
  readonly configDir?: string;
  /** Single files, told apart by their names; any other name is an ldirectord configuration. */
  readonly files: readonly string[];
  /** Warnings give exit status 1. */
  readonly strict?: boolean;
  /** Look at this machine and ask its daemon as well. */
  readonly machine?: boolean;
  /** Of the daemon that is asked. */
  readonly runDir?: string;
  /** Default: the host name. */
  readonly localNode?: string;
  readonly write: (text: string) => void;
}

interface Checked {
  /** Of heartbeat, when they are without an error. */
  readonly files?: HaFiles | undefined;
  readonly paths: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** Of ldirectord, when they are without an error. */
  readonly directors: readonly DirectorConfig[];
}

/** 0 valid, 1 valid with warnings when strict, 2 invalid, 3 when a file cannot be read. */
export async function runCheck(options: CheckOptions): Promise<number> {
  const localNode = options.localNode ?? hostname();
  const checked =
    options.files.length > 0
      ? await checkFiles(options.files, localNode)
      : await checkFolder(options.configDir ?? '/etc/ha.d', localNode);
  const { paths, files: found } = checked;
  const diagnostics = [...checked.diagnostics];
  if (options.machine === true && found !== undefined) {
    const configDir = options.configDir ?? defaultPaths.configDir;
    const runDir = options.runDir ?? defaultPaths.runDir;
    diagnostics.push(...(await judgeMachine(found, { configDir, runDir })));
  }
  if (diagnostics.length > 0) options.write(`${describeDiagnostics(diagnostics)}\n`);
  const files = paths.length === 1 ? '1 file' : `${paths.length} files`;
  options.write(`${countLine(diagnostics)} in ${files}\n`);
  if (found !== undefined) options.write(`${takeoverText(found.config)}\n`);
  const isHere = options.machine === true;
  for (const line of await expiryLines(checked.directors, isHere)) options.write(`${line}\n`);
  const errors = diagnostics.filter((each) => each.severity === 'error');
  if (errors.some((each) => each.code === 'cannot-read')) return 3;
  if (errors.length > 0) return 2;
  return options.strict === true && diagnostics.length > 0 ? 1 : 0;
}

/** As `lubdub heartbeat` advertises more in its first seconds, a takeover may take longer then. */
function takeoverText(config: HaConfig): string {
  const { deadtime, stonith } = config;
  const early = timeText((deadtime + earlyAllowanceMs) as Duration); // a sum of spans is a span
  const reset = stonith === undefined ? '' : 'the reset by STONITH, then ';
  return (
    `takeover: at most ${timeText(deadtime)} after a crash (${early} within 5 s of its start), ` +
    `then ${reset}what each group's resources need; at a stop or hand-over at once`
  );
}

const isThere = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const directorOptions = { files: 'exist' } as const;

/** The three files of heartbeat and every ldirectord configuration that haresources names. */
async function checkFolder(folder: string, localNode: string): Promise<Checked> {
  const paths: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const directors: DirectorConfig[] = [];
  let files: HaFiles | undefined;
  const heartbeat = ['ha.cf', 'authkeys', 'haresources'].map((name) => join(folder, name));
  const present = await Promise.all(heartbeat.map(isThere));
  const director = new Set<string>();
  if (await isThere(join(folder, 'ldirectord.cf'))) director.add(join(folder, 'ldirectord.cf'));
  if (present.includes(true) || director.size === 0) {
    const loaded = await loadHaFiles(folder, localNode, { localNodeMissing: 'warning' });
    diagnostics.push(...loaded.diagnostics);
    files = loaded.files;
    paths.push(...heartbeat);
    for (const path of await directorPaths(folder)) director.add(path);
  }
  for (const path of director) {
    const { diagnostics: found, config } = await loadDirectorFile(path, directorOptions);
    diagnostics.push(...found);
    if (config !== undefined) directors.push(config);
    paths.push(path);
  }
  return { paths, diagnostics, files, directors };
}

/** Where heartbeat's ldirectord resources find their configuration. */
async function directorPaths(folder: string): Promise<readonly string[]> {
  const path = join(folder, 'haresources');
  const { text } = await readConfigFile(path, 'utf8', true);
  const groups = parseHaresources(text ?? '', path).config ?? [];
  const found: string[] = [];
  for (const { script, args } of groups.flatMap((group) => group.resources)) {
    if (script !== 'ldirectord') continue;
    const name = args[0] ?? 'ldirectord.cf';
    const places = [join(folder, name), join(folder, 'conf', name), name];
    let place = places[0] ?? name;
    for (const each of places.reverse()) if (await isThere(each)) place = each;
    found.push(place);
  }
  return found;
}

async function checkFiles(files: readonly string[], localNode: string): Promise<Checked> {
  const diagnostics: Diagnostic[] = [];
  const directors: DirectorConfig[] = [];
  const take = async (path: string): Promise<void> => {
    const { diagnostics: found, config } = await loadDirectorFile(path, directorOptions);
    diagnostics.push(...found);
    if (config !== undefined) directors.push(config);
  };
  for (const path of files) {
    switch (basename(path)) {
      case 'ha.cf':
        diagnostics.push(...(await checkHaCf(path, localNode)));
        break;
      case 'authkeys':
        diagnostics.push(...(await checkAuthKeys(path)));
        break;
      case 'haresources':
        diagnostics.push(...(await checkHaresources(path, localNode)));
        break;
      default:
        await take(path);
    }
  }
  return { paths: files, diagnostics, directors };
}

async function checkHaCf(path: string, localNode: string): Promise<readonly Diagnostic[]> {
  const { text, diagnostics } = await readConfigFile(path, 'utf8');
  if (text === undefined) return diagnostics;
  return parseHaConfig(text, path, { localNode, localNodeMissing: 'warning' }).diagnostics;
}

async function checkAuthKeys(path: string): Promise<readonly Diagnostic[]> {
  const { text, mode, diagnostics } = await readConfigFile(path, 'latin1');
  return text === undefined ? diagnostics : parseAuthKeys(text, path, mode).diagnostics;
}

/** Against the nodes of the ha.cf beside it, when there is one. */
async function checkHaresources(path: string, localNode: string): Promise<readonly Diagnostic[]> {
  const { text, diagnostics } = await readConfigFile(path, 'utf8');
  if (text === undefined) return diagnostics;
  const haPath = join(dirname(path), 'ha.cf');
  const ha = (await isThere(haPath)) ? await readConfigFile(haPath, 'utf8') : undefined;
  if (ha?.text === undefined) {
    const sink = createSink(path, []);
    sink.warning('cannot-read', wholeFile, `node names are not checked: no ha.cf beside ${path}`);
    return [...parseHaresources(text, path).diagnostics, ...sink.all];
  }
  const { nodes, nodePlace } = parseHaConfig(ha.text, haPath, { localNode });
  return parseHaresources(text, path, { nodes, nodePlace }).diagnostics;
}
