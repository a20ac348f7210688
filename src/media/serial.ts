// The medium `serial`: string frames over a tty (ha.cf(5) serial), by the package serialport. A
// line that hangs up is opened again for as long as the medium is open; a line that takes nothing
// costs the frames that it does not take, and after a while is opened anew.

import type { SerialPort } from 'serialport';
import { ok } from '../base/result.js';
import { openSys } from '../kernel/sys.js';
import { createSerialCollector } from '../wire/serial-framing.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import {
  createTally,
  describeError,
  type MediumTools,
  REOPEN_MS,
  STUCK_MS,
} from './medium-tools.js';
import { makeTtyBinding, type TtyBinding } from './tty-binding.js';

export type SerialSetting = Extract<MediumSetting, { readonly kind: 'serial' }>;

/** A heartbeat that waits behind four others is late anyway; serialport's queue has no limit. */
const QUEUED_FRAMES_MAX = 4;

type PortClass = typeof SerialPort;

export function openSerial(
  setting: SerialSetting,
  listener: MediumListener,
  tools: MediumTools,
): Medium {
  const tally = createTally(listener);
  const collector = createSerialCollector();
  const reopenMs = tools.reopenMs ?? REOPEN_MS;
  const stuckMs = tools.stuckMs ?? STUCK_MS;
  let current: SerialPort | undefined;
  let isReady = false;
  let isClosed = false;
  let reopenTimer: NodeJS.Timeout | undefined;
  let stuckTimer: NodeJS.Timeout | undefined;
  let pending = 0;

  /** Lets the port go, whatever state it is in. The old port's later events mean nothing. */
  const letGo = (): void => {
    const port = current;
    current = undefined;
    isReady = false;
    pending = 0;
    clearTimeout(stuckTimer);
    collector.reset();
    if (port === undefined || !port.isOpen) return;
    // Without the flush the kernel would wait up to 30 s for a line that takes nothing.
    port.flush(() => {
      if (port.isOpen) port.close(ignore);
    });
  };
  const fail = (code: string, reason: string): void => {
    tally.error(code);
    letGo();
    tally.down(reason);
    if (isClosed || reopenTimer !== undefined) return;
    reopenTimer = setTimeout(() => {
      reopenTimer = undefined;
      attempt(false);
    }, reopenMs);
  };
  const ready = (port: SerialPort): void => {
    port.on('data', (bytes: Uint8Array) => {
      if (current !== port) return;
      for (const frame of collector.push(bytes)) {
        tally.received();
        listener.onBytes(frame);
      }
    });
    isReady = true;
    tally.up();
  };
  const attempt = (rtscts: boolean): void => {
    if (isClosed) return;
    const sys = tools.sys === undefined ? openSys() : ok(tools.sys);
    if (!sys.ok) {
      fail(sys.code, sys.detail);
      return;
    }
    const binding = makeTtyBinding(sys.value);
    loadSerialPort().then(
      (portClass) => {
        if (!isClosed && current === undefined) openPort(portClass, binding, rtscts);
      },
      (fault: unknown) => fail('no-serialport', describeError(fault).reason),
    );
  };
  const openPort = (portClass: PortClass, binding: TtyBinding, rtscts: boolean): void => {
    const { path, baud } = setting;
    // The class lets the binding be replaced; its declarations leave that option out.
    const options = { path, baudRate: baud, rtscts, autoOpen: false, binding };
    const port = new portClass(options);
    current = port;
    port.on('error', (fault) => {
      const { code, reason } = describeError(fault);
      if (current === port) fail(code, `${path}: ${reason}`);
    });
    // Comes twice after some failures.
    port.on('close', () => {
      if (current === port) fail('hangup', `${path}: the line hung up`);
    });
    port.open((fault) => {
      if (current !== port) return closeLate(port);
      if (fault) return fail(describeError(fault).code, fault.message);
      if (rtscts) return ready(port);
      port.get((refused, lines) => {
        if (current !== port) return;
        // A pty has no control lines (ENOTTY). A cable with three wires has no CTS, and waiting
        // for it would stop the line for ever.
        if (refused || lines?.cts !== true) return ready(port);
        current = undefined;
        port.close(() => attempt(true));
      });
    });
  };
  const watchProgress = (port: SerialPort): void => {
    clearTimeout(stuckTimer);
    if (pending === 0) return;
    stuckTimer = setTimeout(() => {
      if (current === port) fail('stuck', `${setting.path}: the line takes nothing`);
    }, stuckMs);
  };

  attempt(false);
  return {
    name: setting.path,
    kind: 'serial',
    send: (message) => {
      const port = current;
      const bytes = message.line;
      if (port === undefined || !isReady || !port.isOpen) return tally.dropped();
      if (port.writableLength > QUEUED_FRAMES_MAX * bytes.length) return tally.dropped();
      pending++;
      if (pending === 1) watchProgress(port);
      port.write(bytes, (fault) => {
        if (current !== port) return;
        pending--;
        watchProgress(port);
        // What is wrong with the line comes as an error or close event as well.
        if (fault) tally.error(describeError(fault).code);
        else tally.sent();
      });
    },
    counters: () => tally.counters(),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      tally.close();
      clearTimeout(reopenTimer);
      letGo();
    },
  };
}

function ignore(): void {
  // Closing a line that is gone may fail; there is nothing left to be done about it.
}

/** A port whose opening was waited for no longer. */
function closeLate(port: SerialPort): void {
  if (port.isOpen) port.close(ignore);
}

/** Loaded only where a serial line is configured. */
async function loadSerialPort(): Promise<PortClass> {
  return (await import('serialport')).SerialPort;
}
