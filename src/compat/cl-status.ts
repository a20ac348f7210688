#!/usr/bin/env node
// The classic command cl_status: facts about the cluster in the words of heartbeat 3.0.6, with its
// exit codes (recorded). It asks on the socket of the client interface, so it serves beside 3.0.6
// as well.

import { classicPlaces } from '../heartbeat/classic-places.js';
import { defaultPaths } from '../heartbeat/paths.js';
import { type ClientConnection, signOn } from '../runtime/client-connection.js';
import { fieldText, type HaMessage } from '../wire/ha-message.js';
import { logAs } from './classic-log.js';
import { type Options, parseOptions } from './getopt.js';

/** 0 ok, 1 normal failure, the others as 3.0.6 has them. */
const EXIT_FAILED = 1;
const EXIT_PARAMETER = 11;
const EXIT_TIMEOUT = 12;
const EXIT_UNKNOWN = 13;
/** What 3.0.6 waits for the answer of another node. */
const CLIENT_WAIT_MS = 500;

const usage = `Usage: cl_status <sub-command> [<options>] [<parameters>]

Sub-commands:
clientstatus <node-name> <client-id> [<timeout>]
	Show the status of heartbeat clients.
hblinkstatus <node-name> <link-name>
	Show the status of a heartbeat link
hbstatus
	Indicate if heartbeat is running on the local system.
	Options:
		-v	verbose: also add "listnodes -v" output
listnodes [<option>]
	List the nodes in the cluster.
	Options:
		-p	list only 'ping' type nodes
		-n	list only 'normal' type nodes
		-v	verbose: also list type and status,
			then add "listhblinks -v" output
listhblinks <node-name>
	List the network interfaces used as hearbeat links.
	Options:
		-v	verbose: list link status as well
nodestatus <node-name>
	List the node status.
nodeweight <node-name>
	List the node weight.
nodesite <node-name>
	List the node site.
nodetype <node-name>
	List the nodes of a given type.
rscstatus
	Show the status of cluster resources.
hbparameter -p <parameter-name>
	Retrieve the value of a cluster parameter.
	As for the valid parameter names, please refer to the man page.
`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

/** A line of its log, which 3.0.6 writes to standard error. */
const logError = (text: string): void => logAs('cl_status', 'ERROR', text);

const absent = "hb_api_signon: Can't initiate connection to heartbeat";

/** The daemon is there and does not answer. */
class NoAnswer extends Error {}

interface Question {
  readonly connection: ClientConnection;
  readonly options: Options;
  readonly isForPeople: boolean;
}

async function ask(
  connection: ClientConnection,
  request: string,
  fields: Readonly<Record<string, string>>,
): Promise<readonly HaMessage[]> {
  const answer = await connection.ask(request, fields);
  if (answer === undefined) throw new NoAnswer();
  return answer;
}

/** One field of an answer with one message; undefined when the daemon refused. */
async function askField(
  connection: ClientConnection,
  request: string,
  fields: Readonly<Record<string, string>>,
  field: string,
): Promise<string | undefined> {
  const [message] = await ask(connection, request, fields);
  if (message === undefined || fieldText(message, 'result') !== 'OK') return undefined;
  return fieldText(message, field);
}

interface LinkRow {
  readonly name: string;
  readonly state: string;
}

type Links =
  | { readonly ok: true; readonly rows: readonly LinkRow[] }
  | { readonly ok: false; readonly reason: string };

async function linksOf(connection: ClientConnection, node: string): Promise<Links> {
  const answer = await ask(connection, 'iflist', { node });
  const rows = new Map<string, LinkRow>();
  for (const message of answer) {
    if (fieldText(message, 'result') === 'badreq') {
      return { ok: false, reason: fieldText(message, 'info') ?? '' };
    }
    const name = fieldText(message, 'ifname') ?? '';
    rows.set(name, { name, state: fieldText(message, 'st') ?? '' });
  }
  // 3.0.6's client puts each in front of those before it.
  return { ok: true, rows: [...rows.values()].reverse() };
}

async function listNodes({ connection, options, isForPeople }: Question): Promise<number> {
  const { given } = options;
  const wanted = given.has('p') === given.has('n') ? undefined : given.has('p') ? 'ping' : 'normal';
  const nodes = [...(await ask(connection, 'nodelist', {}))].reverse();
  if (isForPeople) print('The nodes are as follow:');
  for (const node of nodes) {
    const name = fieldText(node, 'node') ?? '';
    const type = fieldText(node, 'nodetype') ?? 'unknown';
    if (wanted !== undefined && type !== wanted) continue;
    if (!given.has('v')) {
      print(name);
      continue;
    }
    print(`\n${name}\t${fieldText(node, 'st') ?? ''}\t(nodetype: ${type})`);
    const links = await linksOf(connection, name);
    if (links.ok) for (const link of links.rows) print(`\t${link.name}\t${link.state}`);
  }
  return 0;
}

function tooFew(text: string): number {
  complain(text);
  return EXIT_PARAMETER;
}

/** The commands about one fact of one node differ in words alone. */
const aboutNode =
  (
    request: string,
    field: string,
    sentence: (node: string, value: string) => string,
    words: { readonly few: string; readonly unknown: string },
    exitOf: (value: string) => number,
  ) =>
  async ({ connection, options, isForPeople }: Question): Promise<number> => {
    const [node] = options.operands;
    if (node === undefined) return tooFew(words.few);
    const value = await askField(connection, request, { node }, field);
    if (value === undefined) return tooFew(words.unknown);
    print(isForPeople ? sentence(node, value) : value);
    return exitOf(value);
  };

const unknownNode = 'Error. May be due to incorrect node name';
const few = 'Not enough parameters.';
const fewer = 'No enough parameter.';
const isGood = (state: string): boolean => ['active', 'up', 'ping'].includes(state);

async function listLinks({ connection, options, isForPeople }: Question): Promise<number> {
  const [node] = options.operands;
  if (node === undefined) return tooFew(fewer);
  const links = await linksOf(connection, node);
  if (!links.ok) {
    logError('Cannot start heartbeat link interface walk.');
    logError(`REASON: ${links.reason}`);
    return EXIT_UNKNOWN;
  }
  if (isForPeople) print('\tthis node has the following heartbeat links:');
  for (const { name, state } of links.rows) {
    print(options.given.has('v') ? `\t${name}\t${state}` : `\t${name}`);
  }
  return 0;
}

async function linkStatus({ connection, options, isForPeople }: Question): Promise<number> {
  const [node, link] = options.operands;
  if (node === undefined || link === undefined) return tooFew(fewer);
  const state = await askField(connection, 'ifstatus', { node, ifname: link }, 'st');
  if (state === undefined) {
    logError('Cannot get heartbeat link status');
    logError('REASON: ');
    return EXIT_UNKNOWN;
  }
  print(isForPeople ? `The node ${node}'s heartbeat link ${link} is ${state}` : state);
  return state === 'up' ? 0 : EXIT_FAILED;
}

const clientExits: Readonly<Record<string, number>> = { online: 0, offline: 1, join: 2, leave: 3 };

async function clientStatus({ connection, options }: Question): Promise<number> {
  const [node, client, limit] = options.operands;
  if (node === undefined || client === undefined) return tooFew(fewer);
  const waitMs = limit === undefined ? CLIENT_WAIT_MS : Number.parseInt(limit, 10) || 0;
  const asked = { node, cn: client };
  const answer = waitMs > 0 ? await connection.ask('clientstatus', asked, waitMs) : undefined;
  const [message] = answer ?? [];
  const status = message === undefined ? undefined : fieldText(message, 'cs');
  if (status === undefined) {
    logError(`Cannot get heartbeat client ${client}'s status`);
    logError('REASON: No timely response.');
    return EXIT_UNKNOWN;
  }
  print(status);
  return clientExits[status] ?? EXIT_UNKNOWN;
}

async function resourceStatus({ connection, isForPeople }: Question): Promise<number> {
  const state = await askField(connection, 'getrsc', {}, 'rsc_hold');
  if (state === undefined) {
    logError('Cannot get cluster resource status');
    logError('REASON: ');
    return EXIT_UNKNOWN;
  }
  print(isForPeople ? `This node is holding ${state} resources.` : state);
  return 0;
}

async function parameter({ connection, options, isForPeople }: Question): Promise<number> {
  const name = options.given.get('p');
  if (name === undefined) {
    logError('parameter name required');
    return EXIT_PARAMETER;
  }
  const value = await askField(connection, 'getparm', { pname: name }, 'pvalue');
  if (value === undefined) {
    logError(`Cannot get parameter ${name}'s value`);
    logError('REASON: ');
    return EXIT_FAILED;
  }
  print(isForPeople ? `Heartbeat parameter ${name}'s value: ${value}` : value);
  return 0;
}

interface SubCommand {
  readonly letters: string;
  /** What stands before the question mark of getopt in the message. */
  readonly faultWord: string;
  readonly run: (question: Question) => Promise<number>;
}

const simple = (run: SubCommand['run'], letters = 'm'): SubCommand => ({
  letters,
  faultWord: 'character',
  run,
});

const subCommands: Readonly<Record<string, SubCommand>> = {
  listnodes: { letters: 'mpnv', faultWord: 'character code', run: listNodes },
  nodestatus: simple(
    aboutNode(
      'nodestatus',
      'st',
      (node, state) => `The cluster node ${node} is ${state}`,
      { few, unknown: unknownNode },
      (state) => (isGood(state) ? 0 : EXIT_FAILED),
    ),
  ),
  nodeweight: simple(
    aboutNode(
      'nodeweight',
      'weight',
      (node, weight) => `The weight of the cluster node ${node} is ${weight}`,
      { few, unknown: 'Error. Maybe due to incorrect node name.' },
      () => 0,
    ),
  ),
  nodesite: simple(
    aboutNode(
      'nodesite',
      'site',
      (node, site) => `The site of the cluster node ${node} is ${site}`,
      { few, unknown: unknownNode },
      () => 0,
    ),
  ),
  nodetype: simple(
    aboutNode(
      'nodetype',
      'nodetype',
      (node, type) => `The node ${node}'s type: ${type}`,
      { few: fewer, unknown: unknownNode },
      () => 0,
    ),
  ),
  listhblinks: simple(listLinks, 'mv'),
  hblinkstatus: simple(linkStatus),
  clientstatus: simple(clientStatus),
  rscstatus: simple(resourceStatus),
  hbparameter: { letters: 'mp:', faultWord: 'character code', run: parameter },
};

async function heartbeatStatus(path: string, words: readonly string[]): Promise<number> {
  const signed = await signOn(path);
  const options = parseOptions('hbstatus', 'mv', words);
  for (const fault of options.faults) complain(fault);
  if (!signed.ok) {
    const isThere = signed.code !== 'not-running';
    const running = 'apparently running on this machine, but refuses my connection';
    print(isThere ? `Heartbeat is ${running}` : 'Heartbeat is stopped on this machine.');
    if (options.given.has('v')) print(`(${isThere ? signed.detail : absent})`);
    return EXIT_FAILED;
  }
  const connection = signed.value;
  if (options.given.has('v')) {
    const version = await askField(connection, 'getparm', { pname: 'hbversion' }, 'pvalue');
    print(`version:\t${version ?? 'unknown'}\nmanaged by:\t"haresources"`);
    await listNodes({ connection, options, isForPeople: false });
  } else print('Heartbeat is running on this machine.');
  connection.close();
  return 0;
}

async function run([name, ...words]: readonly string[]): Promise<number> {
  if (name === undefined || (name === '-h' && words.length === 0)) {
    process.stdout.write(usage);
    return 0;
  }
  const command = Object.hasOwn(subCommands, name) ? subCommands[name] : undefined;
  const path = classicPlaces(process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir).register;
  if (name === 'hbstatus') return heartbeatStatus(path, words);
  if (command === undefined) {
    logError(`${name}: invalid sub-command.`);
    return EXIT_PARAMETER;
  }
  const signed = await signOn(path);
  if (!signed.ok) {
    if (signed.code === 'timed-out') return EXIT_TIMEOUT;
    logError('Cannot signon with heartbeat');
    logError(`REASON: ${signed.code === 'not-running' ? absent : signed.detail}`);
    return EXIT_FAILED;
  }
  const connection = signed.value;
  const options = parseOptions(name, command.letters, words);
  const [fault] = options.faults;
  let exitCode = EXIT_PARAMETER;
  if (fault === undefined) {
    exitCode = await command.run({ connection, options, isForPeople: options.given.has('m') });
  } else {
    complain(fault);
    logError(`Error: getopt returned${command.faultWord} ?.`);
  }
  connection.close();
  return exitCode;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (cause) {
  if (!(cause instanceof NoAnswer)) throw cause;
  process.exit(EXIT_TIMEOUT);
}
