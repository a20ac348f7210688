// What the log says about a request that the kernel carried out, in the words of ldirectord 4.12;
// the reason comes behind them. Scrapers and people know these lines, so the words are fixed.

import type { LogCode } from '../base/log-code.js';
import type { VirtualServiceConfig } from '../config/director-config.js';
import type { IpvsDestination, IpvsRequest } from '../wire/ipvs-table.js';
import { entryText } from './administration-entry.js';
import { agentHold, agentLetsIn, agentText } from './agent.js';
import type { AlertEvent } from './alerts.js';
import type { DesiredService, DestinationOrigin } from './desired-table.js';
import type { RealServer } from './real-server.js';
import {
  destinationKey,
  endpointText,
  fallbackDestination,
  mappedText,
  realDestination,
} from './real-server-text.js';

export interface LogContext {
  /** The virtual service as configured now, or before if it is no longer. */
  readonly virtual: VirtualServiceConfig;
  readonly desired: DesiredService | undefined;
  readonly realServer: (
    virtual: VirtualServiceConfig,
    origin: DestinationOrigin,
  ) => RealServer | undefined;
  readonly isReaddQuiescent: boolean;
  /** The weight in the table before the request; undefined when it was not there. */
  readonly weightBefore: number | undefined;
  /** Another program changed our entry and this request puts it back. */
  readonly isRepair: boolean;
  readonly isStopping: boolean;
}

/** The code and the text. */
export interface TableLine {
  readonly code: LogCode;
  readonly text: string;
  /** What is told by mail: real and fallback servers, without a reason. */
  readonly alert?: Pick<AlertEvent, 'subject' | 'real' | 'isLoss'>;
}

/** `words` are the original's. */
function told(
  code: LogCode,
  words: string,
  reason: string,
  real: string | undefined,
  isLoss = false,
): TableLine {
  const subject = words.replace(/^Readd /, '');
  return { code, text: `${words}${reason}`, alert: { subject, real, isLoss } };
}

export function tableLine(request: IpvsRequest, context: LogContext): TableLine {
  const { name } = context.virtual;
  const tail = context.isRepair ? ': repaired after a change by another program' : '';
  switch (request.kind) {
    case 'add-service':
      return { code: 'virtual-added', text: `Added virtual server: ${name}${tail}` };
    case 'edit-service':
      return { code: 'virtual-changed', text: `Changed virtual server: ${name}${tail}` };
    case 'delete-service': {
      const when = context.isStopping ? 'stop' : 'start';
      return { code: 'virtual-purged', text: `Purged virtual server (${when}): ${name}` };
    }
    case 'add-destination':
    case 'edit-destination':
      return destinationLine(request.kind, request.destination, context);
    default:
      return deletionLine(request.destination, context);
  }
}

function destinationLine(
  kind: 'add-destination' | 'edit-destination',
  destination: IpvsDestination,
  context: LogContext,
): TableLine {
  const { virtual } = context;
  const origin = context.desired?.byKey.get(destinationKey(destination))?.origin;
  const verb = kind === 'add-destination' ? 'Added' : 'Restored';
  const code = kind === 'add-destination' ? 'added' : 'restored';
  const tail = `(${virtual.name}) (Weight set to ${destination.weight})`;
  if (origin === undefined || origin.kind === 'fallback') {
    const name = origin === undefined ? destinationKey(destination) : endpointText(origin.fallback);
    const words = `${verb} fallback server: ${name} ${tail}`;
    return told(`fallback-${code}`, words, because(context, undefined), undefined);
  }
  const server = context.realServer(virtual, origin);
  const isAsked = server?.administered !== undefined;
  const { weight } = destination;
  const weightBefore = context.weightBefore ?? 0;
  const isStep = weightBefore > 0 && weight > 0 && !isAsked;
  const agent = agentText(server?.agent);
  const isRising = server?.rampedWeight !== undefined && weight > weightBefore;
  const isWeighed = isStep && agent !== undefined && !isRising && !context.isRepair;
  if (isWeighed && server?.verdict === 'up') {
    // Loads come and go: no mail either.
    const text = `Weighed real server: ${endpointText(origin.real)} ${tail}: ${agent}`;
    return { code: 'real-weighed', text };
  }
  if (server?.rampedSince !== undefined && isStep) {
    // A step of a recovery that was told already: not for the mail.
    const text = `Raised real server: ${endpointText(origin.real)} ${tail}: slow start`;
    return { code: 'real-raised', text };
  }
  const isLetIn = (!isAsked && agentLetsIn(server?.agent)) || weight > 0;
  if ((server?.verdict === 'up' || server?.isKept === true) && isLetIn) {
    const text = `${verb} real server: ${endpointText(origin.real)} ${tail}`;
    return told(`real-${code}`, text, because(context, server), endpointText(origin.real));
  }
  const isReadd = kind === 'add-destination' && context.isReaddQuiescent;
  const words = isReadd ? 'Readd Quiescent real server' : 'Quiescent real server';
  const text = `${words}: ${mappedText(virtual, origin.real)} ${tail}`;
  return told(
    'real-quiesced',
    text,
    because(context, server),
    endpointText(origin.real),
    isLossOf(server),
  );
}

/** What its checks or its agent brought about is a loss, what an operator did is none. */
const isLossOf = (server: RealServer | undefined): boolean =>
  server?.administered === undefined &&
  (server?.verdict === 'down' || agentHold(server?.agent) === 'down');

function because(context: LogContext, server: RealServer | undefined): string {
  if (context.isRepair) return ': repaired after a change by another program';
  if (server?.administered !== undefined) return `: ${entryText(server.administered.entry)}`;
  const agent = agentLetsIn(server?.agent) ? undefined : agentText(server?.agent);
  if (server?.verdict !== 'down' && agent !== undefined) return `: ${agent}`;
  return server === undefined || server.reason === '' ? '' : `: ${server.reason}`;
}

function deletionLine(destination: IpvsDestination, context: LogContext): TableLine {
  const { virtual } = context;
  const key = destinationKey(destination);
  const { fallback } = virtual;
  const real = virtual.reals.find((one) => destinationKey(realDestination(virtual, one)) === key);
  if (context.isStopping) {
    const name = real === undefined ? key : endpointText(real);
    const text = `Purged real server (stop): ${name} (${virtual.name})`;
    return told('real-purged', text, '', name);
  }
  if (real !== undefined) {
    const server = context.realServer(virtual, { kind: 'real', real });
    const text = `Deleted real server: ${mappedText(virtual, real)} (${virtual.name})`;
    const name = endpointText(real);
    return told('real-deleted', text, because(context, server), name, isLossOf(server));
  }
  if (fallback !== undefined && destinationKey(fallbackDestination(virtual, fallback)) === key) {
    const text = `Deleted fallback server: ${endpointText(fallback)} (${virtual.name})`;
    return told('fallback-deleted', text, '', undefined);
  }
  return told('real-purged', `Purged real server (start): ${key} (${virtual.name})`, '', key);
}
