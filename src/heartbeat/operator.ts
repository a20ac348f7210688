// Commands of an operator to the engine, with the engine's answer.

import type { ClusterEvent, HoldSelection } from '../cluster/cluster-event.js';
import type { Daemon, OperatorAnswer } from './daemon-parts.js';

/** Asks the engine for an operator's command; resolves when it was carried out or refused. */
export function askEngine(
  daemon: Daemon,
  command: 'standby' | 'takeover',
  selection: HoldSelection,
): Promise<OperatorAnswer> {
  const id = ++daemon.operatorCount;
  const event: ClusterEvent = { kind: 'operator-asked', id, command, selection };
  return new Promise((resolve) => {
    daemon.operators.set(id, resolve);
    daemon.thread.offer(event);
  });
}

/** Asks the engine to add or delete members; resolves when it was carried out or refused. */
export function askMembers(
  daemon: Daemon,
  command: 'add' | 'delete',
  nodes: readonly string[],
): Promise<OperatorAnswer> {
  const id = ++daemon.operatorCount;
  return new Promise((resolve) => {
    daemon.operators.set(id, resolve);
    daemon.thread.offer({ kind: 'members-asked', id, command, nodes });
  });
}
