// The medium `serial`: string frames over a tty (ha.cf(5) serial), by the package serialport. A
// line that hangs up is opened again for as long as the medium is open; a line that takes nothing
// costs the frames that it does not take, and after a while is opened anew.

import type { SerialPort } from 'serialport';
import { ok } from '../base/result.js';
import { openSys } from '../kernel/sys.js';
import { createSerialCollector, type SerialCollector } from '../wire/serial-framing.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import {
  createTally,
  describeError,
  type MediumTally,
  type MediumTools,
  REOPEN_MS,
  STUCK_MS,
} from './medium-tools.js';
import { makeTtyBinding, type TtyBinding } from './tty-binding.js';

export type SerialSetting = Extract<MediumSetting, { readonly kind: 'serial' }>;

/** A heartbeat that waits behind four others is late anyway; serialport's queue has no limit. */
const QUEUED_FRAMES_MAX = 4;

type PortClass = typeof SerialPort;

/** One serial medium; `port` is the port in use or being opened, and the only one that counts. */
interface SerialLine {
  readonly setting: SerialSetting;
  readonly listener: MediumListener;
  readonly tools: MediumTools;
  readonly tally: MediumTally;
  readonly collector: SerialCollector;
  port: SerialPort | undefined;
  isReady: boolean;
  isClosed: boolean;
  /** Frames given to the port that the kernel has not taken yet. */
  pending: number;
  reopenTimer: NodeJS.Timeout | undefined;
  stuckTimer: NodeJS.Timeout | undefined;
}

export function openSerial(
  setting: SerialSetting,
  listener: MediumListener,
  tools: MediumTools,
): Medium {
  const line: SerialLine = {
    setting,
    listener,
    tools,
    tally: createTally(listener),
    collector: createSerialCollector(),
    port: undefined,
    isReady: false,
    isClosed: false,
    pending: 0,
    reopenTimer: undefined,
    stuckTimer: undefined,
  };
  attempt(line, false);
  return {
    name: setting.path,
    kind: 'serial',
    send: (message) => send(line, message.line),
    counters: () => line.tally.counters(),
    close: () => {
      if (line.isClosed) return;
      line.isClosed = true;
      line.tally.close();
      clearTimeout(line.reopenTimer);
      letGo(line, 'orderly');
    },
  };
}

/** Opens the port; `rtscts` is for the second time, when the cable was seen to have CTS. */
function attempt(line: SerialLine, rtscts: boolean): void {
  if (line.isClosed) return;
  const sys = line.tools.sys === undefined ? openSys() : ok(line.tools.sys);
  if (!sys.ok) {
    fail(line, sys.code, sys.detail);
    return;
  }
  const binding = makeTtyBinding(sys.value);
  loadSerialPort().then(
    (portClass) => {
      if (!line.isClosed && line.port === undefined) openPort(line, portClass, binding, rtscts);
    },
    (fault: unknown) => fail(line, 'no-serialport', describeError(fault).reason),
  );
}

/**
 * Loaded only where a serial line is configured, and without the parsers of other protocols that
 * the package's own index brings along.
 */
export async function loadSerialPort(): Promise<PortClass> {
  return (await import('serialport/dist/serialport.js')).SerialPort;
}

function openPort(
  line: SerialLine,
  portClass: PortClass,
  binding: TtyBinding,
  rtscts: boolean,
): void {
  const { path, baud } = line.setting;
  // The class lets the binding be replaced; its declarations leave that option out.
  const options = { path, baudRate: baud, rtscts, autoOpen: false, binding };
  const port = new portClass(options);
  line.port = port;
  port.on('error', (fault) => {
    const { code, reason } = describeError(fault);
    if (line.port === port) fail(line, code, `${path}: ${reason}`);
  });
  // Comes twice after some failures.
  port.on('close', () => {
    if (line.port === port) fail(line, 'hangup', `${path}: the line hung up`);
  });
  port.open((fault) => {
    if (line.port !== port) closeLate(port);
    else if (fault) fail(line, describeError(fault).code, fault.message);
    else if (rtscts) useForIo(line, port);
    else chooseFlowControl(line, port);
  });
}

/**
 * A pty has no control lines (ENOTTY), and a cable with three wires no CTS: waiting for it would
 * stop the line for ever. So hardware flow control is for lines where the other end shows CTS.
 */
function chooseFlowControl(line: SerialLine, port: SerialPort): void {
  port.get((fault, lines) => {
    if (line.port !== port) return;
    if (fault || lines?.cts !== true) {
      useForIo(line, port);
      return;
    }
    line.port = undefined;
    port.close(() => attempt(line, true));
  });
}

function useForIo(line: SerialLine, port: SerialPort): void {
  // Without a listener nothing is read, and a hang-up would not be noticed.
  port.on('data', (bytes: Uint8Array) => {
    if (line.port !== port) return;
    for (const frame of line.collector.push(bytes)) {
      line.tally.received();
      line.listener.onBytes(frame);
    }
  });
  line.isReady = true;
  line.tally.up();
}

function send(line: SerialLine, bytes: Uint8Array): void {
  const { port, tally } = line;
  const isFull = (port?.writableLength ?? 0) > QUEUED_FRAMES_MAX * bytes.length;
  if (port === undefined || !line.isReady || !port.isOpen || isFull) {
    tally.dropped();
    return;
  }
  line.pending++;
  if (line.pending === 1) watchProgress(line, port);
  port.write(bytes, (fault) => {
    if (line.port !== port) return;
    line.pending--;
    watchProgress(line, port);
    // What is wrong with the line comes as an error or close event as well.
    if (fault) tally.error(describeError(fault).code);
    else tally.sent();
  });
}

function watchProgress(line: SerialLine, port: SerialPort): void {
  clearTimeout(line.stuckTimer);
  if (line.pending === 0) return;
  line.stuckTimer = setTimeout(() => {
    if (line.port === port) fail(line, 'stuck', `${line.setting.path}: the line takes nothing`);
  }, line.tools.stuckMs ?? STUCK_MS);
}

function fail(line: SerialLine, code: string, reason: string): void {
  line.tally.error(code);
  letGo(line, 'at-once');
  line.tally.down(reason);
  if (line.isClosed || line.reopenTimer !== undefined) return;
  line.reopenTimer = setTimeout(() => {
    line.reopenTimer = undefined;
    attempt(line, false);
  }, line.tools.reopenMs ?? REOPEN_MS);
}

/** Lets the port go, whatever state it is in. Its later events mean nothing. */
function letGo(line: SerialLine, how: 'orderly' | 'at-once'): void {
  const { port } = line;
  line.port = undefined;
  line.isReady = false;
  line.pending = 0;
  clearTimeout(line.stuckTimer);
  line.collector.reset();
  if (port === undefined || !port.isOpen) return;
  if (how === 'orderly') {
    port.close(ignore);
    return;
  }
  // What a stuck line holds is thrown away, else closing would wait for it.
  port.flush(() => {
    if (port.isOpen) port.close(ignore);
  });
}

/** A port whose opening was waited for no longer. */
function closeLate(port: SerialPort): void {
  if (port.isOpen) port.close(ignore);
}

function ignore(): void {
  // Closing a line that is gone may fail; there is nothing left to be done about it.
}
