// The clients that are signed on: who they are, what they want to see and what they may say. A
// step takes one fact and gives the orders that follow; sockets, signals and the cluster are the
// caller's. Nothing that a client sends can fail here: what is not understood is refused.

import type { LogCode } from '../base/log-code.js';
import { type LogLevel, logLine } from '../base/log-line.js';
import {
  fieldText,
  type HaField,
  type HaMessage,
  haMessage,
  textField,
  withField,
} from '../wire/ha-message.js';
import { type ApiRules, type PeerCredentials, refusalOf } from './api-rules.js';
import {
  type ClientEffect,
  type ClientEvent,
  type Connection,
  type Treatment,
  treatments,
} from './client-event.js';
import type { ClientFacts, ClientSetting } from './client-facts.js';
import { clientRequests, type RequestOutcome } from './client-requests.js';
import { isReserved } from './reserved-types.js';

/** heartbeat 3.0.6 keeps no more of a name. */
const NAME_LENGTH_MAX = 32;
/** Of what a client may write into our log. */
const SHOWN_MAX = 64;
const SIGNAL_MAX = 31;
const SIGKILL = 9;
const SIGSTOP = 19;
const ALL_TREATMENTS = 0x3f;

interface Client {
  readonly connection: Connection;
  readonly credentials: PeerCredentials;
  name: string;
  pid: number;
  isSignedOn: boolean;
  isCasual: boolean;
  generation: number;
  signal: number;
  filter: number;
}

export interface ClientRegistry {
  step(event: ClientEvent, facts: ClientFacts): readonly ClientEffect[];
  /** Names of those signed on; the process id stands for a client without a name. */
  names(): readonly string[];
}

interface Registry {
  readonly setting: ClientSetting;
  readonly rules: ApiRules;
  readonly clients: Map<Connection, Client>;
  generations: number;
  mask: number;
  effects: ClientEffect[];
}

export function createClientRegistry(setting: ClientSetting, rules: ApiRules): ClientRegistry {
  const registry: Registry = {
    setting,
    rules,
    clients: new Map(),
    generations: 0,
    mask: 0,
    effects: [],
  };
  return {
    step: (event, facts) => {
      registry.effects = [];
      take(registry, event, facts);
      noteMask(registry);
      return registry.effects;
    },
    names: () => signedOn(registry).map((client) => client.name),
  };
}

const signedOn = (registry: Registry): readonly Client[] =>
  [...registry.clients.values()].filter((client) => client.isSignedOn);

const isOnline = (registry: Registry, name: string): boolean =>
  registry.setting.builtIn.includes(name) ||
  signedOn(registry).some((client) => client.name === name);

const shown = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, SHOWN_MAX);

function say(registry: Registry, level: LogLevel, code: LogCode, text: string): void {
  registry.effects.push({ kind: 'log', line: logLine(level, code, text) });
}

function take(registry: Registry, event: ClientEvent, facts: ClientFacts): void {
  switch (event.kind) {
    case 'connected':
      registry.clients.set(event.connection, {
        connection: event.connection,
        credentials: event.credentials,
        name: '',
        pid: 0,
        isSignedOn: false,
        isCasual: true,
        generation: 0,
        signal: 0,
        filter: treatments.keep,
      });
      return;
    case 'message-received': {
      const client = registry.clients.get(event.connection);
      if (client === undefined) return;
      show(registry, 'api-call', event.message);
      if (!client.isSignedOn) signOn(registry, client, event.message);
      else if (fieldText(event.message, 't') === 'hbapi-req')
        takeRequest(registry, client, event.message, facts);
      else takeGeneral(registry, client, event.message);
      return;
    }
    case 'connection-lost':
      remove(registry, event.connection, event.reason);
      return;
    case 'notice-given':
      show(registry, event.treatment, event.message);
      return;
    case 'status-asked': {
      const fields = [
        textField('t', 'respond-cstatus'),
        textField('dest', event.from),
        textField('result', 'OK'),
        textField('cn', event.client),
        textField('to_id', event.asker),
        textField('cs', isOnline(registry, event.client) ? 'online' : 'offline'),
      ];
      registry.effects.push({ kind: 'send', fields });
      return;
    }
  }
}

function noteMask(registry: Registry): void {
  const mask = signedOn(registry).reduce((bits, client) => bits | client.filter, 0);
  if (mask === registry.mask) return;
  registry.mask = mask;
  registry.effects.push({ kind: 'watch', mask });
}

function deliver(registry: Registry, client: Client, message: HaMessage): void {
  const { connection, pid, signal } = client;
  const wake = signal === 0 ? undefined : { pid, signal };
  registry.effects.push({ kind: 'deliver', connection, message, wake });
}

/** A message with a `to_id` is for the client of that name alone. */
function show(registry: Registry, treatment: Treatment, message: HaMessage): void {
  if ((registry.mask & treatments[treatment]) === 0) return;
  const to = fieldText(message, 'to_id');
  for (const client of signedOn(registry)) {
    if (to !== undefined && client.name !== to) continue;
    if ((client.filter & treatments[treatment]) !== 0) deliver(registry, client, message);
  }
}

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;

/** Undefined when the client is let in; else why not, in the words of heartbeat 3.0.6. */
function judgeSignOn(registry: Registry, client: Client, message: HaMessage): string | undefined {
  const { credentials, name, pid, isCasual } = client;
  if (pid <= 0) return 'bad pid';
  if (signedOn(registry).some((known) => known.name === name)) return 'duplicate add request';
  const uid = numberOf(fieldText(message, 'uid'));
  const gid = numberOf(fieldText(message, 'gid'));
  if (uid === undefined || gid === undefined) return 'invalid id info';
  if (uid !== credentials.uid || gid !== credentials.gid) return 'incorrect/false credentials';
  const refusal = refusalOf(registry.rules, name, isCasual, credentials);
  if (refusal !== undefined) return refusal;
  // 0 is a process that our PID namespace does not show.
  return credentials.pid > 0 && credentials.pid !== pid ? 'pid mismatch' : undefined;
}

function signOn(registry: Registry, client: Client, message: HaMessage): void {
  client.generation = registry.generations++;
  const isSignOn =
    fieldText(message, 't') === 'hbapi-req' && fieldText(message, 'reqtype') === 'signon';
  const pidText = fieldText(message, 'pid');
  const from = fieldText(message, 'from_id') ?? pidText;
  if (!isSignOn || from === undefined) {
    say(registry, 'WARN', 'client-refused', 'a client began with something else than a sign-on');
    registry.effects.push({ kind: 'disconnect', connection: client.connection });
    return;
  }
  client.pid = numberOf(pidText) ?? 0;
  client.name = from.slice(0, NAME_LENGTH_MAX);
  client.isCasual = Number.parseInt(client.name, 10) === client.pid;
  const refusal = judgeSignOn(registry, client, message);
  if (refusal === undefined) {
    client.isSignedOn = true;
    tellPresence(registry, client, 'join', 'signon');
  } else {
    const who = `Client [${shown(client.name)}] pid ${client.pid}`;
    say(registry, 'WARN', 'client-refused', `${who} failed authorization [${refusal}]`);
  }
  deliver(registry, client, signOnAnswer(registry, refusal));
  if (refusal !== undefined) {
    registry.effects.push({ kind: 'disconnect', connection: client.connection });
  }
}

function signOnAnswer({ setting }: Registry, refusal: string | undefined): HaMessage {
  const result = refusal === undefined ? 'OK' : 'badreq';
  return haMessage(
    textField('t', 'hbapi-resp'),
    textField('reqtype', 'signon'),
    ...(refusal === undefined ? [] : [textField('info', refusal)]),
    textField('result', result),
    textField('deadtime', Math.round(setting.deadtimeMs).toString(16)),
    textField('keepalive', Math.round(setting.keepaliveMs).toString(16)),
    textField('node', setting.localNode),
    textField('hbversion', setting.version),
    textField('pacemaker', 'off'),
    textField('logfacility', String(setting.logfacility)),
  );
}

/** The other clients of that name, here and on the other nodes, hear of it. */
function tellPresence(
  registry: Registry,
  client: Client,
  state: 'join' | 'leave',
  reason: string,
): void {
  if (client.isCasual) return;
  const fields: readonly HaField[] = [
    textField('t', 'hbapi-clstat'),
    textField('st', state),
    textField('from_id', client.name),
    textField('to_id', client.name),
    textField('info', reason),
    textField('client_gen', String(client.generation)),
  ];
  registry.effects.push({ kind: 'send', fields });
}

function remove(registry: Registry, connection: Connection, reason: string): void {
  const client = registry.clients.get(connection);
  if (client === undefined) return;
  registry.clients.delete(connection);
  if (client.isSignedOn) tellPresence(registry, client, 'leave', reason);
}

function takeGeneral(registry: Registry, client: Client, message: HaMessage): void {
  const type = fieldText(message, 't') ?? '';
  if (client.isCasual) {
    const text = 'api_process_request: general message from casual client!';
    say(registry, 'info', 'client-refused', text);
    registry.effects.push({ kind: 'disconnect', connection: client.connection });
    return;
  }
  if (type === '' || isReserved(type)) {
    const text = `client ${shown(client.name)} may not send [${shown(type)}]`;
    say(registry, 'WARN', 'client-refused', text);
    return;
  }
  let sent = withField(message, textField('from_id', client.name));
  sent = withField(sent, textField('to_id', client.name));
  sent = withField(sent, textField('client_gen', String(client.generation)));
  registry.effects.push({ kind: 'send', fields: sent.fields });
}

/** As 3.0.6: one of the two must be right, and neither may be another client's. */
function isTrulyFrom(registry: Registry, client: Client, message: HaMessage): boolean {
  const pid = numberOf(fieldText(message, 'pid'));
  const from = fieldText(message, 'from_id');
  const found = signedOn(registry).find((known) => known.pid === pid || known.name === from);
  return found === client || (client.pid === pid && client.name === from);
}

function takeRequest(
  registry: Registry,
  client: Client,
  message: HaMessage,
  facts: ClientFacts,
): void {
  const type = fieldText(message, 'reqtype');
  if (type === undefined || !isTrulyFrom(registry, client, message)) {
    const text = `a request of client ${shown(client.name)} names another or none`;
    say(registry, 'WARN', 'client-refused', text);
    return;
  }
  const change = changes.get(type);
  if (change !== undefined) {
    change(registry, client, message);
    return;
  }
  const request = clientRequests.get(type);
  const { setting } = registry;
  const context = { facts, setting, isOnline: (name: string) => isOnline(registry, name) };
  const outcome: RequestOutcome =
    request === undefined ? { kind: 'bad-request', info: undefined } : request(message, context);
  answer(registry, client, type, outcome);
}

function answer(registry: Registry, client: Client, type: string, outcome: RequestOutcome): void {
  const head = [textField('t', 'hbapi-resp'), textField('reqtype', type)];
  const result = (text: string): HaField => textField('result', text);
  switch (outcome.kind) {
    case 'answer':
      deliver(registry, client, haMessage(...head, ...outcome.fields, result('OK')));
      return;
    case 'rows':
      for (const [index, row] of outcome.rows.entries()) {
        const isLast = index === outcome.rows.length - 1;
        deliver(registry, client, haMessage(...head, ...row, result(isLast ? 'OK' : 'ok/more')));
      }
      return;
    case 'bad-request': {
      const info = outcome.info === undefined ? [] : [textField('info', outcome.info)];
      deliver(registry, client, haMessage(...head, result('badreq'), ...info));
      return;
    }
    case 'ask-node': {
      const fields = [
        textField('t', 'query-cstatus'),
        textField('dest', outcome.node),
        textField('cn', outcome.client),
        textField('from_id', client.name),
      ];
      registry.effects.push({ kind: 'send', fields });
      return;
    }
  }
}

const invalid: RequestOutcome = { kind: 'bad-request', info: 'EINVAL' };
const done: RequestOutcome = { kind: 'answer', fields: [] };

function setFilter(registry: Registry, client: Client, message: HaMessage): RequestOutcome {
  const text = fieldText(message, 'fmask') ?? '';
  const mask = /^(0x)?[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) & ALL_TREATMENTS : 0;
  if (mask === 0) return invalid;
  const { uid } = client.credentials;
  const isPrivileged = uid === 0 || uid === registry.setting.ownUid;
  const isWider = (mask & ~treatments.keep) !== 0;
  if (isWider && !isPrivileged) return { kind: 'bad-request', info: 'EPERM' };
  client.filter = mask;
  return done;
}

function setSignal(client: Client, message: HaMessage): RequestOutcome {
  const signal = numberOf(fieldText(message, 'signal'));
  if (signal === undefined) return { kind: 'bad-request', info: undefined };
  if (signal > SIGNAL_MAX || signal === SIGKILL || signal === SIGSTOP) return invalid;
  client.signal = signal;
  return done;
}

/** Requests that change something about the client itself. */
const changes: ReadonlyMap<
  string,
  (registry: Registry, client: Client, message: HaMessage) => void
> = new Map([
  [
    'signoff',
    (registry: Registry, client: Client) => {
      remove(registry, client.connection, 'signoff');
      registry.effects.push({ kind: 'disconnect', connection: client.connection });
    },
  ],
  [
    'setfilter',
    (registry: Registry, client: Client, message: HaMessage) =>
      answer(registry, client, 'setfilter', setFilter(registry, client, message)),
  ],
  [
    'setsignal',
    (registry: Registry, client: Client, message: HaMessage) =>
      answer(registry, client, 'setsignal', setSignal(client, message)),
  ],
  // Our queue is bounded in bytes whatever a client wishes; 3.0.6 gives no answer either.
  ['set_sendqlen', () => undefined],
]);
