// The questions of clients, one entry for each `reqtype`, with the fields of the answers in the
// order of heartbeat 3.0.6 (recorded). Questions change nothing; what does is in the registry.

import {
  binaryField,
  fieldBytes,
  fieldText,
  type HaField,
  type HaMessage,
  textField,
} from '../wire/ha-message.js';
import type { ClientFacts, ClientSetting, NodeFacts } from './client-facts.js';

export type RequestOutcome =
  /** One answer with `result=OK` behind its fields. */
  | { readonly kind: 'answer'; readonly fields: readonly HaField[] }
  /** A list: each row is an answer, all but the last with `result=ok/more`. */
  | { readonly kind: 'rows'; readonly rows: readonly (readonly HaField[])[] }
  | { readonly kind: 'bad-request'; readonly info: string | undefined }
  /** The node itself has to be asked. */
  | { readonly kind: 'ask-node'; readonly node: string; readonly client: string };

export interface RequestContext {
  readonly facts: ClientFacts;
  readonly setting: ClientSetting;
  /** True when a client of that name is signed on here. */
  readonly isOnline: (client: string) => boolean;
}

type Request = (message: HaMessage, context: RequestContext) => RequestOutcome;

const answer = (...fields: readonly HaField[]): RequestOutcome => ({ kind: 'answer', fields });
const invalid: RequestOutcome = { kind: 'bad-request', info: 'EINVAL' };

function nodeNamed(message: HaMessage, { facts }: RequestContext): NodeFacts | undefined {
  const name = fieldText(message, 'node')?.toLowerCase();
  return facts.nodes.find((node) => node.name.toLowerCase() === name);
}

const aboutNode =
  (field: (node: NodeFacts) => HaField): Request =>
  (message, context) => {
    const node = nodeNamed(message, context);
    return node === undefined ? invalid : answer(field(node));
  };

function listNodes(_message: HaMessage, { facts }: RequestContext): RequestOutcome {
  const rows = facts.nodes.map((node) => [
    textField('node', node.name),
    textField('nodetype', node.kind),
    textField('st', node.state),
  ]);
  return { kind: 'rows', rows };
}

function listLinks(message: HaMessage, context: RequestContext): RequestOutcome {
  const node = nodeNamed(message, context);
  if (node === undefined) return invalid;
  // 3.0.6 answers nothing for a node without links, and its client waits for ever.
  if (node.links.length === 0) return invalid;
  const rows = node.links.map(({ name, state }) => [
    textField('ifname', name),
    textField('st', state),
  ]);
  return { kind: 'rows', rows };
}

function linkStatus(message: HaMessage, context: RequestContext): RequestOutcome {
  const node = nodeNamed(message, context);
  const link = node?.links.find(({ name }) => name === fieldText(message, 'ifname'));
  return link === undefined ? invalid : answer(textField('st', link.state));
}

function clientStatus(message: HaMessage, context: RequestContext): RequestOutcome {
  const node = nodeNamed(message, context);
  const client = fieldText(message, 'cn');
  if (node === undefined || client === undefined) return invalid;
  const status = (isOnline: boolean): RequestOutcome =>
    answer(textField('subt', 'respond-cstatus'), textField('cs', isOnline ? 'online' : 'offline'));
  if (node.name === context.setting.localNode) return status(context.isOnline(client));
  if (node.state !== 'active') return status(false);
  return { kind: 'ask-node', node: node.name, client };
}

function parameter(message: HaMessage, { setting }: RequestContext): RequestOutcome {
  const asked = fieldText(message, 'pname');
  if (asked === undefined) return invalid;
  // `crm` is the old word for `pacemaker`.
  const name = asked === 'crm' ? 'pacemaker' : asked;
  const value = Object.hasOwn(setting.parameters, name) ? setting.parameters[name] : undefined;
  return value === undefined ? answer() : answer(textField('pvalue', value));
}

function uuidOf(message: HaMessage, { facts }: RequestContext): RequestOutcome {
  const name = fieldText(message, 'queryname');
  if (name === undefined) return { kind: 'bad-request', info: 'no query node name found' };
  const node = facts.nodes.find((each) => each.name === name.toLowerCase());
  return node?.uuid === undefined ? answer() : answer(binaryField('queryuuid', node.uuid));
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

function nameOf(message: HaMessage, { facts }: RequestContext): RequestOutcome {
  const uuid = fieldBytes(message, 'queryuuid');
  if (uuid === undefined) return { kind: 'bad-request', info: 'no query node name found' };
  const node = facts.nodes.find((each) => each.uuid !== undefined && sameBytes(each.uuid, uuid));
  return node === undefined ? answer() : answer(textField('queryname', node.name));
}

/** heartbeat 3.0.6 knows other weights and sites only where Pacemaker decides. */
const WEIGHT = '100';

export const clientRequests: ReadonlyMap<string, Request> = new Map<string, Request>([
  ['nodelist', listNodes],
  ['nodestatus', aboutNode((node) => textField('st', node.state))],
  ['nodeweight', aboutNode(() => textField('weight', WEIGHT))],
  ['nodesite', aboutNode(() => textField('site', ''))],
  ['nodetype', aboutNode((node) => textField('nodetype', node.kind))],
  ['ifstatus', linkStatus],
  ['iflist', listLinks],
  ['clientstatus', clientStatus],
  [
    'numnodes',
    (_message, { facts }) => {
      const count = facts.nodes.filter((node) => node.kind === 'normal').length;
      return answer(textField('numnodes', String(count)));
    },
  ],
  ['getparm', parameter],
  ['getrsc', (_message, { facts }) => answer(textField('rsc_hold', facts.resources))],
  ['getuuid', uuidOf],
  ['getnodename', nameOf],
]);
