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
