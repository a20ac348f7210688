// What the daemon answers on its control socket: one function per question.

import { logLine } from '../base/log-line.js';
import type { HoldSelection } from '../cluster/cluster-event.js';
import { ANNOUNCEMENTS } from '../resources/address-resource.js';
import type { JsonObject, JsonValue } from '../runtime/control-socket.js';
import { shareAdministration } from './administration.js';
import type { Daemon } from './daemon-parts.js';
import { askEngine, askMembers } from './operator.js';
import { reportDaemonStatus } from './status-report.js';

const selections: readonly HoldSelection[] = ['all', 'local', 'foreign', 'failback'];

const isSelection = (value: JsonValue | undefined): value is HoldSelection =>
  selections.some((known) => known === value);

async function moveResources(
  daemon: Daemon,
  command: 'standby' | 'takeover',
  selection: JsonValue | undefined,
): Promise<JsonObject> {
  if (!isSelection(selection)) {
    return { ok: false, error: `the selection must be one of ${selections.join(', ')}` };
  }
  const answer = await askEngine(daemon, command, selection);
  return answer.isDone ? { ok: true, text: answer.text } : { ok: false, error: answer.text };
}

/** `all` is every address that this node holds. */
function announce(daemon: Daemon, address: JsonValue | undefined): JsonObject {
  const { addresses } = daemon.resources;
  const held = [...addresses.held().values()].map((vip) => vip.address);
  const wanted = held.filter((each) => address === 'all' || each === address);
  if (wanted.length === 0) {
    const what = address === 'all' ? 'no address' : `${String(address)} is no address that`;
    return { ok: false, error: `${what} is held here` };
  }
  for (const each of wanted) addresses.announceOne(each, ANNOUNCEMENTS);
  const text = `announced on request: ${wanted.join(' ')}`;
  daemon.prepared.log.write(logLine('info', 'address-announced', text));
  return { ok: true, text: `announcing ${wanted.join(' ')}, ${ANNOUNCEMENTS} times` };
}

async function changeMembers(
  daemon: Daemon,
  command: 'add' | 'delete',
  nodes: JsonValue | undefined,
): Promise<JsonObject> {
  const names = Array.isArray(nodes)
    ? nodes.filter((each: JsonValue): each is string => typeof each === 'string')
    : [];
  if (names.length === 0) return { ok: false, error: 'no node is named' };
  const answer = await askMembers(daemon, command, names);
  return answer.isDone ? { ok: true, text: answer.text } : { ok: false, error: answer.text };
}

export async function answerDaemonQuestion(
  daemon: Daemon,
  question: JsonObject,
): Promise<JsonObject> {
  switch (question.command) {
    case 'status':
      return reportDaemonStatus(daemon);
    case 'standby':
      return moveResources(daemon, 'standby', question.selection);
    case 'takeover':
      return moveResources(daemon, 'takeover', question.selection);
    case 'announce':
      return announce(daemon, question.address);
    case 'share-administration':
      return shareAdministration(daemon, question);
    case 'addnode':
      return changeMembers(daemon, 'add', question.nodes);
    case 'delnode':
      return changeMembers(daemon, 'delete', question.nodes);
    case 'parameter': {
      const name = question.name;
      const known = daemon.prepared.config.parameters;
      const value = typeof name === 'string' ? known[name] : undefined;
      return value === undefined ? { ok: false, error: 'no such parameter' } : { ok: true, value };
    }
    case 'stop':
      daemon.stop?.();
      return { ok: true };
    default:
      return { ok: false, error: 'unknown command' };
  }
}
