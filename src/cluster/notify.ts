// What the scripts of rc.d hear of: messages of types that have a script, sent or received, and
// changes of the nodes' status (as in heartbeat 3.0.6). How and when a script runs is the
// edge's affair.

import { type HaField, textField } from '../wire/ha-message.js';
import type { NodeState } from './cluster-status.js';
import type { Context } from './context.js';

/** Longer texts are no words for a script; none of the original's fields comes near. */
const VALUE_CHARACTERS_MAX = 4096;
const FIELDS_MAX = 64;

/** What scripts of the original are told from the daemon's state (as in heartbeat 3.0.6). */
export function scriptEnvironment(ctx: Context): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {
    HA_CURHOST: ctx.local.name,
    HA_OSTATUS: ctx.local.state,
  };
  if (ctx.config.autoFailback !== 'legacy') variables.HA_NICEFAILBACK = 'yes';
  if (ctx.peer === undefined || ctx.peer.state === 'dead') variables.HA_DONTASK = 'yes';
  return variables;
}

/** HA_NAME for each text field whose name can be that of a variable. */
function fieldVariables(fields: readonly HaField[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const field of fields.slice(0, FIELDS_MAX)) {
    if (field.type !== 0 || !/^[a-z][A-Za-z0-9_]*$/.test(field.name)) continue;
    variables[`HA_${field.name}`] = field.text.replaceAll('\0', '').slice(0, VALUE_CHARACTERS_MAX);
  }
  return variables;
}

function notify(ctx: Context, type: string, fields: readonly HaField[]): void {
  if (ctx.config.notifyTypes?.includes(type) !== true) return;
  // A peer's field must not stand in for what the daemon itself says.
  const environment = { ...fieldVariables(fields), ...scriptEnvironment(ctx) };
  ctx.effects.push({ kind: 'notify', type, environment });
}

/** A message that was accepted or that leaves; statuses are news only when one changes. */
export function notifyMessage(ctx: Context, fields: readonly HaField[]): void {
  const type = fields.find((field) => field.name === 't');
  if (type?.type !== 0 || type.text === 'status' || type.text.startsWith('NS_')) return;
  notify(ctx, type.text, fields);
}

export function notifyStatus(ctx: Context, node: string, state: NodeState): void {
  notify(ctx, 'status', [textField('t', 'status'), textField('st', state), textField('src', node)]);
}
