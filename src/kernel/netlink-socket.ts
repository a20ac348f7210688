// One netlink socket for requests and their answers, synchronous: the kernel answers within the
// call, in some 10 µs, which is less than a turn of the event loop costs. Knows headers, sequence
// numbers and acknowledgements, nothing of addresses or IPVS.

import { concatBytes } from '../base/bytes.js';
import { ok, type Result } from '../base/result.js';
import {
  buildNetlinkMessage,
  type NetlinkAnswer,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  parseNetlinkAnswer,
  takeNetlinkMessages,
} from '../wire/netlink.js';
import { EAGAIN, EINTR, ENOBUFS, ETIMEDOUT, type KernelCode, kernelFailure } from './errno.js';
import { openSys, type Sys } from './sys.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

export const NETLINK_ROUTE = 0;
export const NETLINK_GENERIC = 16;

/** The kernel fills at most 32 KiB per message of a dump; twice that is never short. */
const RECEIVE_BYTES = 65_536;
/** Holds the acknowledgements of a whole batch; the default overflows at some 60 KB of requests. */
const RECEIVE_QUEUE_BYTES = 1_048_576;
/** With 60 KB at once the answers overflowed the queue (measured), with 16 KiB they never did. */
export const BATCH_BYTES_MAX = 16_384;
/** Deletions are short: their answers are larger than they are, so they are counted as well. */
const BATCH_REQUESTS_MAX = 200;
/** The kernel answers within the send, so this limit only keeps a broken one from hanging us. */
const ANSWER_SECONDS_MAX = 2;
/** Each repetition means that the table changed while it was read. */
const DUMP_ATTEMPTS_MAX = 5;

export interface NetlinkRequest {
  readonly type: number;
  /** Without NLM_F_REQUEST and NLM_F_ACK, which are added. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

export interface NetlinkSocket {
  /**
   * One answer per request, in order. Later requests are still tried after a refusal. An answer
   * that was lost has the errno ENOBUFS or ETIMEDOUT: whether it was carried out is not known.
   */
  requestAll(requests: readonly NetlinkRequest[]): Result<readonly NetlinkAnswer[], KernelCode>;
  /** The messages of a dump; begun again when the kernel says that it was interrupted. */
  dump(type: number, payload: Uint8Array): Result<readonly NetlinkMessage[], KernelCode>;
  /** The messages that answer one request without a dump, such as one interface. */
  ask(type: number, payload: Uint8Array): Result<readonly NetlinkMessage[], KernelCode>;
  close(): void;
}

export function openNetlinkSocket(
  protocol: number,
  given?: Sys,
): Result<NetlinkSocket, KernelCode> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  const fd = sys.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return kernelFailure(-fd, 'opening a netlink socket');
  const one = asBytes(1);
  const timeout = new Uint8Array(16);
  timeout.set(asBytes(ANSWER_SECONDS_MAX));
  sys.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout);
  // Without the capability the default size stays, and a large batch may lose answers.
  sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, asBytes(RECEIVE_QUEUE_BYTES));
  // Old kernels lack these two; then the texts are missing, the numbers are not.
  sys.setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, one);
  sys.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, one);
  return ok(makeSocket(sys, fd));
}

const asBytes = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

function makeSocket(sys: Sys, fd: number): NetlinkSocket {
  const buffer = new Uint8Array(RECEIVE_BYTES);
  let sequence = 0;
  let isOpen = true;

  /** The next datagram's messages; a positive number is the error that `recv` gave. */
  const receive = (): readonly NetlinkMessage[] | number => {
    for (;;) {
      const length = sys.recv(fd, buffer, 0);
      if (length === -EINTR) continue;
      if (length === -EAGAIN) return ETIMEDOUT;
      if (length < 0) return -length;
      // A copy: payloads are kept while the buffer is used again.
      const messages = takeNetlinkMessages(buffer.slice(0, length));
      return messages.ok ? messages.value : [];
    }
  };

  const sendBatch = (batch: readonly NetlinkRequest[]): readonly NetlinkAnswer[] => {
    const first = sequence + 1;
    const bytes = batch.map((request) => {
      sequence = (sequence + 1) >>> 0;
      const flags = request.flags | NLM_F_REQUEST | NLM_F_ACK;
      return buildNetlinkMessage(request.type, flags, sequence, request.payload);
    });
    const sent = sys.send(fd, concatBytes(...bytes), 0);
    if (sent < 0) return batch.map(() => ({ errno: -sent, text: '' }));
    return collectAnswers(receive, first, batch.length);
  };

  const collect = (type: number, flags: number, payload: Uint8Array): DumpPart | number => {
    sequence = (sequence + 1) >>> 0;
    const bytes = buildNetlinkMessage(type, flags | NLM_F_REQUEST, sequence, payload);
    const sent = sys.send(fd, bytes, 0);
    return sent < 0 ? -sent : collectDump(receive, sequence);
  };

  const read = (type: number, flags: number, payload: Uint8Array) => {
    for (let attempt = 1; ; attempt++) {
      const part = collect(type, flags, payload);
      if (typeof part === 'number') return kernelFailure(part, `netlink request ${type}`);
      if (part.answer.errno !== 0) {
        return kernelFailure(part.answer.errno, `netlink request ${type}`, part.answer.text);
      }
      if (!part.isInterrupted || attempt >= DUMP_ATTEMPTS_MAX) return ok(part.messages);
    }
  };

  return {
    requestAll: (requests) => {
      const answers: NetlinkAnswer[] = [];
      for (const batch of inBatches(requests)) answers.push(...sendBatch(batch));
      return ok(answers);
    },
    dump: (type, payload) => read(type, NLM_F_DUMP, payload),
    ask: (type, payload) => read(type, NLM_F_ACK, payload),
    close: () => {
      if (isOpen) sys.close(fd);
      isOpen = false;
    },
  };
}

/** Cuts the requests into runs that fit one send. A single request is far below the limit. */
function* inBatches(requests: readonly NetlinkRequest[]): Generator<readonly NetlinkRequest[]> {
  const headerAndPadding = 20;
  let batch: NetlinkRequest[] = [];
  let bytes = 0;
  for (const request of requests) {
    const size = request.payload.length + headerAndPadding;
    if (bytes + size > BATCH_BYTES_MAX || batch.length >= BATCH_REQUESTS_MAX) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(request);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

type Receive = () => readonly NetlinkMessage[] | number;

/** Reads until each of `count` requests from sequence number `first` on has its answer. */
function collectAnswers(receive: Receive, first: number, count: number): readonly NetlinkAnswer[] {
  const answers = new Map<number, NetlinkAnswer>();
  let lost = ETIMEDOUT;
  while (answers.size < count) {
    const messages = receive();
    // ENOBUFS comes once, and the queued answers go on behind it.
    if (messages === ENOBUFS) {
      lost = ENOBUFS;
      continue;
    }
    if (typeof messages === 'number') break;
    for (const message of messages) {
      // Answers to earlier requests that were given up are passed over.
      const at = (message.sequence - first) >>> 0;
      if (message.type !== NLMSG_ERROR || at >= count) continue;
      const answer = parseNetlinkAnswer(message);
      if (answer.ok) answers.set(at, answer.value);
    }
  }
  const missing: NetlinkAnswer = { errno: lost, text: 'the answer was lost' };
  return Array.from({ length: count }, (_, at) => answers.get(at) ?? missing);
}

interface DumpPart {
  readonly messages: readonly NetlinkMessage[];
  readonly isInterrupted: boolean;
  readonly answer: NetlinkAnswer;
}

function collectDump(receive: Receive, sequence: number): DumpPart | number {
  const collected: NetlinkMessage[] = [];
  let isInterrupted = false;
  for (;;) {
    const messages = receive();
    if (typeof messages === 'number') return messages;
    for (const message of messages) {
      if (message.sequence !== sequence) continue;
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) isInterrupted = true;
      if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) {
        collected.push(message);
        continue;
      }
      const answer = parseNetlinkAnswer(message);
      const value = answer.ok ? answer.value : { errno: 0, text: '' };
      return { messages: collected, isInterrupted, answer: value };
    }
  }
}
