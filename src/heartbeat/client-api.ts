// The client interface of the daemon: brings together the registration socket, the registry of
// clients and the cluster. Facts are taken from the engine for each batch of questions, so that an
// answer is never older than its question.

import { basename } from 'node:path';
import { logLine } from '../base/log-line.js';
import { resolveApiRules } from '../clients/api-rules.js';
import type { ClientEffect, ClientEvent } from '../clients/client-event.js';
import type { ClientFacts, ClientSetting } from '../clients/client-facts.js';
import { clientParameters } from '../clients/client-parameters.js';
import { type ClientRegistry, createClientRegistry } from '../clients/client-registry.js';
import type { ClusterStatus } from '../cluster/cluster-status.js';
import { isBuiltIn } from '../config/ha-clients.js';
import { type Accounts, readAccounts } from '../runtime/accounts.js';
import { type ClientSocket, serveClients } from '../runtime/client-socket.js';
import { facilityNumber } from '../runtime/log.js';
import { version } from '../runtime/version.js';
import { encodeClientFrame } from '../wire/client-frame.js';
import { classicPlaces, makeClassicPlaces, OWN_GROUP, OWN_USER } from './classic-places.js';
import type { Daemon } from './daemon-parts.js';
import type { OutwardEffect } from './worker-messages.js';

/** Notices that wait for their turn; more can only come while the beat worker does not answer. */
const WAITING_MAX = 10_000;
/** Each message that clients send into the cluster delays the next batch: 3.0.6 keeps 500 for
 * retransmission, and a client must not push the cluster's own out. */
const SEND_SPACING_MS = 10;

export type ClientNotice = Extract<
  OutwardEffect,
  { readonly kind: 'client-notice' | 'client-queried' }
>;

export interface ClientApi {
  /** From the engine. */
  take(notice: ClientNotice): void;
  close(): Promise<void>;
}

interface Api {
  readonly daemon: Daemon;
  readonly registry: ClientRegistry;
  readonly waiting: ClientEvent[];
  readonly paused: Set<number>;
  socket: ClientSocket | undefined;
  isBusy: boolean;
}

/** As heartbeat 3.0.6 names itself, and who it is in truth. */
export const apiVersion: string = `3.0.6 (Lubdub ${version})`;

function settingOf(daemon: Daemon, accounts: Accounts): ClientSetting {
  const { config, setup } = daemon.prepared;
  return {
    localNode: setup.cluster.localNode,
    deadtimeMs: config.deadtime,
    keepaliveMs: config.keepalive,
    logfacility: facilityNumber(config.logfacility),
    version: apiVersion,
    parameters: clientParameters(config.parameters, config, config.autoFailback, apiVersion),
    ownUid: accounts.user(OWN_USER)?.uid,
    builtIn: config.children.filter(isBuiltIn).map((program) => basename(program.path)),
  };
}

/** Nodes that were added while the cluster runs stand behind those of the file. */
export function clientFacts(
  cluster: ClusterStatus,
  order: readonly string[],
  isLegacy: boolean,
): ClientFacts {
  const placeOf = (name: string): number => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  const nodes = cluster.nodes.map((node) => ({
    name: node.name,
    kind: node.kind,
    state: node.state,
    uuid: node.uuid,
    links: node.links.map((link) => ({
      name: link.medium,
      state: link.state === 'up' ? ('up' as const) : ('dead' as const),
    })),
  }));
  nodes.sort((a, b) => placeOf(a.name) - placeOf(b.name));
  const held = cluster.isStable ? cluster.holding : 'transition';
  return { nodes, resources: isLegacy ? 'none' : held };
}

function offer(api: Api, event: ClientEvent): void {
  api.waiting.push(event);
  if (!api.isBusy) void serve(api);
}

const pause = (span: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, span);
  });

async function serve(api: Api): Promise<void> {
  api.isBusy = true;
  while (api.waiting.length > 0) {
    const { cluster } = await api.daemon.thread.snapshot();
    const { nodeOrder, autoFailback } = api.daemon.prepared.config;
    const facts = clientFacts(cluster, nodeOrder, autoFailback === 'legacy');
    let sent = 0;
    for (const event of api.waiting.splice(0)) {
      for (const effect of api.registry.step(event, facts)) {
        if (effect.kind === 'send') sent++;
        carryOut(api, effect);
      }
    }
    for (const connection of api.paused) api.socket?.resume(connection);
    api.paused.clear();
    if (sent > 0) await pause(sent * SEND_SPACING_MS);
  }
  api.isBusy = false;
}

function carryOut(api: Api, effect: ClientEffect): void {
  const { log, config } = api.daemon.prepared;
  switch (effect.kind) {
    case 'deliver': {
      const bytes = encodeClientFrame(effect.message, config.format);
      if (api.socket?.deliver(effect.connection, bytes) === false) {
        log.write(logLine('WARN', 'client-cut', 'a client does not read and was cut off'));
      }
      if (effect.wake !== undefined) wake(effect.wake.pid, effect.wake.signal);
      return;
    }
    case 'disconnect':
      api.socket?.disconnect(effect.connection);
      return;
    case 'send':
      api.daemon.thread.offer({ kind: 'message-offered', message: { fields: effect.fields } });
      return;
    case 'watch':
      api.daemon.thread.offer({ kind: 'clients-watched', wanted: effect.mask });
      return;
    case 'log':
      log.write(effect.line);
      return;
  }
}

/** Only a pid that the kernel confirmed at the sign-on gets here. */
function wake(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile; its connection tells.
  }
}

/** undefined when no client can be served: the log says why, and the cluster goes on without. */
export async function openClientApi(daemon: Daemon): Promise<ClientApi | undefined> {
  const { log, config } = daemon.prepared;
  const trouble = (text: string): void => log.write(logLine('ERROR', 'clients-closed', text));
  const written = config.apiRules;
  const accounts = await readAccounts(
    [OWN_USER, 'root', ...written.flatMap((rule) => rule.users)],
    [OWN_GROUP, ...written.flatMap((rule) => rule.groups)],
  );
  const { rules, unknown } = resolveApiRules(written, {
    user: (name) => accounts.user(name)?.uid,
    group: accounts.group,
  });
  for (const each of unknown) {
    log.write(logLine('WARN', 'client-rule-unknown', `there is no ${each}: it lets nobody in`));
  }
  const api: Api = {
    daemon,
    registry: createClientRegistry(settingOf(daemon, accounts), rules),
    waiting: [],
    paused: new Set(),
    socket: undefined,
    isBusy: false,
  };
  const places = classicPlaces(daemon.paths.runDir);
  try {
    await makeClassicPlaces(places, accounts);
  } catch (cause) {
    trouble(`clients cannot be served: ${String(cause)}`);
    return undefined;
  }
  const socket = await serveClients(places.register, {
    onConnected: (connection, credentials) =>
      offer(api, { kind: 'connected', connection, credentials }),
    onMessages: (connection, messages) => {
      api.paused.add(connection);
      for (const message of messages) offer(api, { kind: 'message-received', connection, message });
    },
    onLost: (connection, reason) => offer(api, { kind: 'connection-lost', connection, reason }),
    onTrouble: trouble,
  });
  if (!socket.ok) {
    trouble(`clients cannot be served: ${socket.detail}`);
    return undefined;
  }
  api.socket = socket.value;
  return {
    take: (notice) => {
      if (api.waiting.length >= WAITING_MAX) return;
      if (notice.kind === 'client-notice') offer(api, { ...notice, kind: 'notice-given' });
      else offer(api, { ...notice, kind: 'status-asked' });
    },
    close: () => socket.value.close(),
  };
}
