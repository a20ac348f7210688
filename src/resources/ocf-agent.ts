// OCF resource agents run as they are: `ocf::PROVIDER::AGENT::NAME=VALUE…` names one, and so does
// `OCF::AGENT::INSTANCE`, whose parameters stand in conf/OCF/AGENT/INSTANCE as heartbeat's script
// of that name has it. Parameters are OCF_RESKEY_ variables, exit codes those of the OCF standard.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import { lastWords, type ProgramEnd, runProgram } from './run-program.js';
import { findScript, SCRIPT_DEADLINE_MS } from './script-resource.js';

export interface OcfAgent {
  readonly path: string;
  readonly provider: string;
  readonly name: string;
  readonly instance: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const AGENTS = '/usr/lib/ocf/resource.d';
/** The provider of the agents that heartbeat's own scripts call. */
const PROVIDER_DEFAULT = 'heartbeat';
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s;

/** Exit codes of a monitor: success, not running, running promoted. */
const OCF_NOT_RUNNING = 7;
const OCF_RUNNING_PROMOTED = 8;

/** undefined when one of the words is no NAME=VALUE. */
function readParameters(words: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const word of words) {
    const [, name, value] = ASSIGNMENT.exec(word) ?? [];
    if (name === undefined || value === undefined) return undefined;
    parameters[name] = value;
  }
  return parameters;
}

/** Lines NAME=VALUE; quotes around a value are the shell's, which the original has read it. */
function readInstanceFile(text: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = ASSIGNMENT.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) continue;
    const bare = /^(["'])(.*)\1/.exec(value)?.[2] ?? value.replace(/\s+#.*$/, '');
    // The files name variables as agents of either standard want them.
    parameters[name.replace(/^OCF_RESKEY_/, '')] = bare;
  }
  return parameters;
}

async function agentOf(
  provider: string,
  name: string,
  instance: string,
  parameters: Readonly<Record<string, string>>,
): Promise<OcfAgent | undefined> {
  if (!PLAIN_NAME.test(provider) || !PLAIN_NAME.test(name)) return undefined;
  const path = await findScript(name, [join(AGENTS, provider)]);
  return path === undefined ? undefined : { path, provider, name, instance, parameters };
}

async function instanceAgent(
  args: readonly string[],
  configDir: string,
): Promise<OcfAgent | undefined> {
  const [name = '', instance = '', ...further] = args;
  if (further.length > 0 || !PLAIN_NAME.test(name) || !PLAIN_NAME.test(instance)) return undefined;
  const file = join(configDir, 'conf/OCF', name, instance);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const providers = await readdir(AGENTS).catch((): string[] => []);
  for (const provider of providers.sort()) {
    const agent = await agentOf(provider, name, instance, readInstanceFile(text));
    if (agent !== undefined) return agent;
  }
  return undefined;
}

/** The agent that a word names which no script of resource.d or init.d stands for. */
export async function findOcfAgent(
  { script, args, word }: ResourceSpec,
  configDir: string,
): Promise<OcfAgent | undefined> {
  if (script === 'OCF') return instanceAgent(args, configDir);
  const isFull = script === 'ocf';
  const [provider = PROVIDER_DEFAULT, name = ''] = isFull ? args : [PROVIDER_DEFAULT, script];
  const parameters = readParameters(isFull ? args.slice(2) : args);
  if (parameters === undefined) return undefined;
  const instance = word.replace(/[^A-Za-z0-9_.-]+/g, '_');
  return agentOf(provider, name, instance, parameters);
}

export async function runOcfAgent(
  agent: OcfAgent,
  verb: ResourceVerb,
  given: Readonly<Record<string, string>>,
): Promise<ResourceOutcome> {
  const environment: Record<string, string> = {
    ...given,
    OCF_ROOT: '/usr/lib/ocf',
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RA_VERSION_MINOR: '0',
    OCF_RESOURCE_PROVIDER: agent.provider,
    OCF_RESOURCE_TYPE: agent.name,
    OCF_RESOURCE_INSTANCE: agent.instance,
  };
  for (const [name, value] of Object.entries(agent.parameters)) {
    environment[`OCF_RESKEY_${name}`] = value;
  }
  const { path } = agent;
  const args = [verb === 'status' ? 'monitor' : verb];
  const end = await runProgram({ path, args, environment, deadlineMs: SCRIPT_DEADLINE_MS });
  return judge(path, verb, end);
}

function judge(path: string, verb: ResourceVerb, end: ProgramEnd): ResourceOutcome {
  const { exitCode } = end;
  if (verb === 'status') {
    if (exitCode === 0 || exitCode === OCF_RUNNING_PROMOTED) return { kind: 'running' };
    if (exitCode === OCF_NOT_RUNNING) return { kind: 'stopped' };
  } else if (exitCode === 0) return { kind: 'done' };
  const parts = [`Return code ${exitCode} from ${path}`, end.reason, lastWords(end)];
  return { kind: 'failed', exitCode, reason: parts.filter((part) => part !== '').join('; ') };
}
