// The configuration files from the disk: read, parsed, judged against each other. What is wrong is
// a diagnostic, also when a file cannot be read; nothing here throws.

import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { createKeyRing, type KeyRing } from '../auth/key-ring.js';
import { type AuthKeysFile, parseAuthKeys } from '../config/auth-keys.js';
import { createSink, type Diagnostic, hasErrors, wholeFile } from '../config/diagnostic.js';
import type { DirectorConfig } from '../config/director-config.js';
import { createRecordingLookup } from '../config/director-names.js';
import { type ParseOptions, parseDirectorConfig } from '../config/director-parser.js';
import { type HaConfig, parseHaConfig } from '../config/ha-config.js';
import { parseHaresources } from '../config/haresources.js';
import { configBytesMax } from '../config/lines.js';
import type { ResourceGroup } from '../config/resource-group.js';
import { type NameOptions, resolveNames } from './director-names.js';
import { nodeHmac } from './hmac.js';

export interface HaFiles {
  readonly config: HaConfig;
  readonly ring: KeyRing;
  readonly groups: readonly ResourceGroup[];
  /** Equal on both nodes when ha.cf and haresources are; keys are not in it. */
  readonly fingerprint: string;
}

export interface LoadedHaFiles {
  /** undefined when there is any error. */
  readonly files: HaFiles | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface LoadOptions {
  /** A warning when files are only checked: they may be another machine's. */
  readonly localNodeMissing?: 'error' | 'warning';
}

export interface FileText {
  /** undefined when the file could not be read. */
  readonly text: string | undefined;
  /** Permission bits. */
  readonly mode: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Whole and at one time, at most `configBytesMax`. `latin1` keeps every byte as one character; a
 * file that is not there is an error, or a warning and empty if `isOptional`.
 */
export async function readConfigFile(
  path: string,
  encoding: 'utf8' | 'latin1',
  isOptional = false,
): Promise<FileText> {
  const sink = createSink(path, []);
  try {
    const file = await open(path, 'r');
    try {
      const stat = await file.stat();
      if (!stat.isFile()) sink.error('cannot-read', wholeFile, `${path} is not a file`);
      else if (stat.size > configBytesMax) {
        sink.error('cannot-read', wholeFile, `${path} is larger than ${configBytesMax} bytes`);
      } else {
        const text = await file.readFile(encoding);
        return { text, mode: stat.mode & 0o7777, diagnostics: [] };
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    if (code === 'ENOENT' && isOptional) {
      sink.warning('cannot-read', wholeFile, `${path} is not there`);
      return { text: '', mode: 0, diagnostics: sink.all };
    }
    sink.error('cannot-read', wholeFile, `cannot read ${path}: ${reasonOf(code)}`);
  }
  return { text: undefined, mode: 0, diagnostics: sink.all };
}

function reasonOf(code: string): string {
  if (code === 'ENOENT') return 'no such file';
  return code === 'EACCES' ? 'no permission' : code;
}

/** ha.cf, authkeys and haresources of a folder such as /etc/ha.d. */
export async function loadHaFiles(
  configDir: string,
  localNode: string,
  options: LoadOptions = {},
): Promise<LoadedHaFiles> {
  const [ha, keys, resources] = await Promise.all([
    readConfigFile(join(configDir, 'ha.cf'), 'utf8'),
    readConfigFile(join(configDir, 'authkeys'), 'latin1'),
    readConfigFile(join(configDir, 'haresources'), 'utf8', true),
  ]);
  const diagnostics = [...ha.diagnostics, ...keys.diagnostics, ...resources.diagnostics];
  const parsedHa =
    ha.text === undefined
      ? undefined
      : parseHaConfig(ha.text, join(configDir, 'ha.cf'), {
          localNode,
          localNodeMissing: options.localNodeMissing ?? 'error',
        });
  const parsedKeys =
    keys.text === undefined
      ? undefined
      : parseAuthKeys(keys.text, join(configDir, 'authkeys'), keys.mode);
  const parsedResources =
    resources.text === undefined
      ? undefined
      : parseHaresources(
          resources.text,
          join(configDir, 'haresources'),
          parsedHa && { nodes: parsedHa.nodes, nodePlace: parsedHa.nodePlace },
        );
  for (const parsed of [parsedHa, parsedKeys, parsedResources]) {
    if (parsed !== undefined) diagnostics.push(...parsed.diagnostics);
  }
  const config = parsedHa?.config;
  const keyFile = parsedKeys?.config;
  const groups = parsedResources?.config;
  if (config && keyFile)
    diagnostics.push(...judgeKeys(config, keyFile, join(configDir, 'authkeys')));
  const ring = keyFile && createKeyRing(keyFile.current, keyFile.keys, nodeHmac);
  const isGood = config && ring && groups && !hasErrors(diagnostics);
  const fingerprint = `${ha.text}\0${resources.text}`;
  return { files: isGood ? { config, ring, groups, fingerprint } : undefined, diagnostics };
}

/** The checksum guards a serial cable against noise, and a network against nobody. */
function judgeKeys(config: HaConfig, keys: AuthKeysFile, path: string): readonly Diagnostic[] {
  const current = keys.keys.find((key) => key.number === keys.current);
  const network = config.media.find((medium) => medium.kind !== 'serial');
  if (current?.method !== 'crc' || network === undefined) return [];
  const sink = createSink(path, []);
  sink.warning('weak-auth', wholeFile, `crc protects nothing on a network (${network.kind})`, {
    hint: 'write "auth 1" and "1 sha1 KEY"; crc is for serial cables',
  });
  return sink.all;
}

export interface LoadedDirectorFile {
  /** undefined when there is any error. */
  readonly config: DirectorConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** One ldirectord.cf, its names resolved once. */
export async function loadDirectorFile(
  path: string,
  options: NameOptions & ParseOptions = {},
): Promise<LoadedDirectorFile> {
  const { text, diagnostics } = await readConfigFile(path, 'utf8');
  if (text === undefined) return { config: undefined, diagnostics };
  const needed = createRecordingLookup();
  parseDirectorConfig(text, path, needed);
  return parseDirectorConfig(text, path, await resolveNames(needed, options), options);
}
