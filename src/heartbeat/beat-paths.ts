// The open media of the beat worker: what they bring becomes facts for the engine, what the engine
// sends goes to all of them, and each change of one is told once, with its reason.

import { type LogLine, logLine } from '../base/log-line.js';
import { isPingKind } from '../cluster/cluster-config.js';
import type { ClusterEffect, ClusterEvent } from '../cluster/cluster-event.js';
import { mediumName } from '../config/ha-media.js';
import type { Medium, MediumListener, MediumSetting } from '../media/medium.js';
import { openMedium } from '../media/open-medium.js';
import type { MediumReport } from './worker-messages.js';

export interface PathsListener {
  offer(event: ClusterEvent): void;
  say(line: LogLine): void;
}

interface OpenPath {
  readonly name: string;
  readonly isPing: boolean;
  readonly medium: Medium;
  isUp: boolean;
  reason: string;
}

export interface BeatPaths {
  /** A message to all nodes. */
  send(effect: Extract<ClusterEffect, { readonly kind: 'send' }>): void;
  askPingNode(effect: Extract<ClusterEffect, { readonly kind: 'ask-ping-node' }>): void;
  /** Whether any heartbeat can leave. */
  isAnyUp(): boolean;
  report(): readonly MediumReport[];
}

export function openPaths(
  settings: readonly MediumSetting[],
  stuckMs: number,
  listener: PathsListener,
): BeatPaths {
  const paths: OpenPath[] = [];
  for (const setting of settings) paths.push(openPath(setting, stuckMs, paths, listener));
  return {
    send: (message) => {
      for (const path of paths) if (!path.isPing) path.medium.send(message);
    },
    askPingNode: ({ medium, datagram }) => {
      const path = paths.find((each) => each.isPing && each.name === medium);
      path?.medium.send({ datagram, line: datagram });
    },
    isAnyUp: () => paths.some((path) => path.isUp && !path.isPing),
    report: () =>
      paths.map((path) => ({
        name: path.medium.name,
        kind: path.medium.kind,
        isUp: path.isUp,
        reason: path.reason,
        counters: path.medium.counters(),
      })),
  };
}

function openPath(
  setting: MediumSetting,
  stuckMs: number,
  paths: readonly OpenPath[],
  { offer, say }: PathsListener,
): OpenPath {
  const name = mediumName(setting);
  const isPing = isPingKind(setting.kind);
  const path = { name, isPing, isUp: false, reason: 'not open yet' };
  let wasDown = false;
  // Two media of one interface are one link: it is down when both are.
  const isLinkUp = (): boolean =>
    paths.some((each) => each !== path && !each.isPing && each.name === name && each.isUp);
  const tellLink = (event: ClusterEvent): void => {
    // A ping node is judged by its answers alone, as in 3.0.6.
    if (!isPing && !isLinkUp()) offer(event);
  };
  const listener: MediumListener = {
    onBytes: (bytes) =>
      offer({ kind: isPing ? 'ping-answered' : 'bytes-received', medium: name, bytes }),
    onUp: () => {
      path.isUp = true;
      path.reason = '';
      if (wasDown) say(logLine('info', 'medium-up', `${setting.kind} ${name} is up`));
      tellLink({ kind: 'medium-up', medium: name });
    },
    onDown: (reason) => {
      path.isUp = false;
      path.reason = reason;
      wasDown = true;
      say(logLine('WARN', 'medium-down', `${setting.kind} ${name} is down: ${reason}`));
      tellLink({ kind: 'medium-down', medium: name, reason });
    },
  };
  const medium = openMedium(setting, listener, { stuckMs });
  return Object.assign(path, { medium });
}
