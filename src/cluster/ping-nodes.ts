// Ping nodes: pseudo nodes that are asked by ICMP echo with each of our statuses. The question is
// a whole signed message, as of heartbeat 3.0.6 (recorded); what comes back counts when it is,
// byte for byte, a question of the last dead time. So a recorded answer keeps nobody alive, which
// it does in 3.0.6. When a ping node lives and dies is liveness.ts.

import { sealMessage } from '../auth/envelope.js';
import { bytesEqual } from '../base/bytes.js';
import { after, type Instant } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import { isPingKind } from './cluster-config.js';
import type { Context } from './context.js';
import type { NodeRecord } from './node-table.js';

/** Questions differ by their second, so that these are a minute's; a later answer says nothing. */
const QUESTIONS_MAX = 64;

interface Question {
  readonly datagram: Uint8Array;
  /** When it was asked last. */
  askedAt: Instant;
}

export interface PingState {
  /** By ping node, the newest last. */
  readonly questions: Map<string, Question[]>;
}

export const createPingState = (): PingState => ({ questions: new Map() });

export function askPingNodes(ctx: Context): void {
  const ts = Math.max(1, Math.floor(ctx.now.wall / 1000)).toString(16);
  for (const { name, kind } of ctx.config.media) {
    if (!isPingKind(kind)) continue;
    const fields = [
      textField('t', 'NS_st'),
      textField('st', 'ping'),
      textField('info', kind),
      textField('src', name),
      textField('ts', ts),
    ];
    // 3.0.6 puts the inner signature into it whatever `msgfmt` says.
    const { datagram } = sealMessage({ fields }, ctx.keys.signing, 'classic');
    note(ctx, name, datagram);
    ctx.effects.push({ kind: 'ask-ping-node', medium: name, datagram });
  }
}

function note(ctx: Context, name: string, datagram: Uint8Array): void {
  const { questions } = ctx.pings;
  const known = questions.get(name) ?? [];
  const last = known.at(-1);
  if (last !== undefined && bytesEqual(last.datagram, datagram)) {
    last.askedAt = ctx.now.monotonic;
    return;
  }
  known.push({ datagram, askedAt: ctx.now.monotonic });
  if (known.length > QUESTIONS_MAX) known.shift();
  questions.set(name, known);
}

/** The ping node whose answer this is; undefined for an old answer and for anything else. */
export function answeringNode(
  ctx: Context,
  medium: string,
  bytes: Uint8Array,
): NodeRecord | undefined {
  const node = ctx.nodes.get(medium);
  const isOurs = ctx.pings.questions
    .get(medium)
    ?.some(
      ({ datagram, askedAt }) =>
        after(askedAt, ctx.config.deadping) > ctx.now.monotonic && bytesEqual(datagram, bytes),
    );
  return node?.kind === 'ping' && isOurs === true ? node : undefined;
}

/** How many ping nodes this node sees now. */
export const visiblePingNodes = (ctx: Context): number =>
  [...ctx.nodes.values()].filter((node) => node.kind === 'ping' && node.state === 'ping').length;
