#!/usr/bin/env node
// The classic command cl_status: facts about the cluster in the words of heartbeat 3.0.6
// (recorded), with its exit codes.

import { controlPath, defaultPaths } from '../heartbeat/paths.js';
import { askControl, type JsonObject, type JsonValue } from '../runtime/control-socket.js';

/** 0 ok, 1 normal failure, 11 bad parameter, 12 timeout (recorded from 3.0.6). */
const EXIT_PARAMETER = 11;
const EXIT_TIMEOUT = 12;
const ANSWER_WAIT_MS = 5000;

const usage = `cl_status [-m] SUB-COMMAND [OPTIONS]
  hbstatus                     is heartbeat running here
  listnodes [-n] [-p]          the nodes: all, normal ones, ping nodes
  nodestatus NODE              init, up, active, dead or ping
  nodetype NODE                normal or ping
  nodeweight NODE, nodesite NODE
  listhblinks NODE             the heartbeat links of a node
  hblinkstatus NODE LINK       up or dead
  rscstatus                    none, local, foreign, all or transition
  hbparameter -p NAME          a parameter of ha.cf
`;

interface Answer {
  readonly text: string;
  readonly exitCode: number;
}

const answer = (text: string, exitCode = 0): Answer => ({ text, exitCode });
const badNode = answer('Error. May be due to incorrect node name', EXIT_PARAMETER);

const records = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value)
    ? value.filter(
        (each: JsonValue): each is JsonObject => typeof each === 'object' && each !== null,
      )
    : [];

interface Question {
  readonly words: readonly string[];
  readonly isForPeople: boolean;
  readonly report: JsonObject;
}

function nodeOf({ words, report }: Question): JsonObject | undefined {
  return records(report.nodes).find((node) => node.name === words[0]?.toLowerCase());
}

function listNodes({ words, report }: Question): Answer {
  const wanted = words.includes('-p') ? 'ping' : words.includes('-n') ? 'normal' : undefined;
  const names = records(report.nodes)
    .filter((node) => wanted === undefined || node.kind === wanted)
    .map((node) => String(node.name));
  // The last configured comes first (recorded from 3.0.6).
  return answer(names.reverse().join('\n'));
}

function nodeStatus(question: Question): Answer {
  const node = nodeOf(question);
  if (node === undefined) return badNode;
  const state = String(node.state);
  const isGood = state === 'active' || state === 'up' || state === 'ping';
  const text = question.isForPeople ? `The cluster node ${String(node.name)} is ${state}` : state;
  return answer(text, isGood ? 0 : 1);
}

function linkStatus(question: Question): Answer {
  const node = nodeOf(question);
  const name = question.words[1];
  const link = records(node?.links).find((each) => each.medium === name);
  if (node === undefined || link === undefined) return badNode;
  const state = link.state === 'up' ? 'up' : 'dead';
  const about = `The node ${String(node.name)}'s heartbeat link ${name} is ${state}`;
  return answer(question.isForPeople ? about : state, state === 'up' ? 0 : 1);
}

function listLinks(question: Question): Answer {
  const node = nodeOf(question);
  if (node === undefined) return badNode;
  return answer(
    records(node.links)
      .map((link) => `\t${String(link.medium)}`)
      .join('\n'),
  );
}

function resourceStatus({ report, isForPeople }: Question): Answer {
  const isLegacy = report.autoFailback === 'legacy';
  const holding = isLegacy ? 'none' : String(report.holding);
  const state = report.isStable === true ? holding : 'transition';
  if (!isForPeople) return answer(state);
  return answer(
    state === 'transition'
      ? 'This node is in transition.'
      : `This node is holding ${state} resources.`,
  );
}

const subCommands: Readonly<Record<string, (question: Question) => Answer>> = {
  listnodes: listNodes,
  nodestatus: nodeStatus,
  nodetype: (question) => {
    const node = nodeOf(question);
    return node === undefined ? badNode : answer(String(node.kind));
  },
  nodeweight: (question) => (nodeOf(question) === undefined ? badNode : answer('100')),
  nodesite: (question) => (nodeOf(question) === undefined ? badNode : answer('')),
  listhblinks: listLinks,
  hblinkstatus: linkStatus,
  rscstatus: resourceStatus,
};

async function parameterOf(path: string, words: readonly string[]): Promise<Answer> {
  const name = words[words.indexOf('-p') + 1];
  if (!words.includes('-p') || name === undefined) return answer(usage, EXIT_PARAMETER);
  const asked = await askControl(path, { command: 'parameter', name }, ANSWER_WAIT_MS);
  if (!asked.ok || asked.value.ok !== true) return answer('', 1);
  return answer(String(asked.value.value));
}

async function run(args: readonly string[]): Promise<Answer> {
  const isForPeople = args.includes('-m');
  const [name, ...words] = args.filter((word) => word !== '-m');
  if (name === undefined) return answer(usage.trimEnd());
  const command = subCommands[name];
  if (command === undefined && name !== 'hbstatus' && name !== 'hbparameter') {
    return answer(`ERROR: ${name}: invalid sub-command.`, EXIT_PARAMETER);
  }
  const path = controlPath(process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir);
  const asked = await askControl(path, { command: 'status' }, ANSWER_WAIT_MS);
  if (name === 'hbstatus') {
    const state = asked.ok ? 'running' : 'stopped';
    return answer(`Heartbeat is ${state} on this machine.`, asked.ok ? 0 : 1);
  }
  if (!asked.ok) {
    const isLate = asked.code === 'timed-out';
    return answer('Cannot signon with heartbeat', isLate ? EXIT_TIMEOUT : 1);
  }
  if (command === undefined) return parameterOf(path, words);
  return command({ words, isForPeople, report: asked.value });
}

const said = await run(process.argv.slice(2));
if (said.text !== '') {
  const isError = said.exitCode === EXIT_PARAMETER || said.text.startsWith('Cannot');
  (isError ? process.stderr : process.stdout).write(`${said.text}\n`);
}
process.exitCode = said.exitCode;
