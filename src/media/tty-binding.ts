// A binding for the package serialport that lives wholly in the thread that opens it. Its own
// binding polls in the main thread's loop and ends the process when it is used in a worker; it
// also reads by the thread pool, whose threads have no real-time priority. Line settings are raw,
// 8 bits, no parity (termios(3)); numbers are those of the generic Linux ABI (asm-generic).

import { EAGAIN, EINTR, errnoName } from '../kernel/errno.js';
import type { PollHandle, Sys } from '../kernel/sys.js';
import { hostIsLittleEndian } from '../wire/netlink.js';

const O_RDWR = 0x2;
const O_NOCTTY = 0x100;
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
const LOCK_EX = 2;
const LOCK_NB = 4;

const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TCFLSH = 0x540b;
const TIOCEXCL = 0x540c;
const TIOCOUTQ = 0x5411;
const TIOCMGET = 0x5415;
const TCIOFLUSH = 2;

const TERMIOS_BYTES = 60;
const IGNBRK = 0x1;
const IGNPAR = 0x4;
const CS8 = 0x30;
const CREAD = 0x80;
const CLOCAL = 0x800;
const CRTSCTS = 0x8000_0000;
/** Where the control characters begin, and which of them counts bytes. */
const CC = 17;
const VTIME = 5;
const VMIN = 6;
const MODEM_CTS = 0x20;
const MODEM_CAR = 0x40;
const MODEM_DSR = 0x100;

/** The speeds of ha.cf(5) baud, as the bits of c_cflag. */
const SPEEDS: ReadonlyMap<number, number> = new Map([
  [9600, 0xd],
  [19_200, 0xe],
  [38_400, 0xf],
  [57_600, 0x1001],
  [115_200, 0x1002],
  [230_400, 0x1003],
  [460_800, 0x1004],
]);

/** How soon a full line is tried again; at 9600 baud 20 bytes leave in that time. */
const WRITE_RETRY_MS = 20;
/** What was written before a close may still leave; the kernel itself would wait 30 s. */
const DRAIN_MS_MAX = 250;
const DRAIN_LOOK_MS = 10;

interface TtyOptions {
  readonly path: string;
  readonly baudRate: number;
  readonly rtscts?: boolean;
}

interface ReadResult {
  readonly buffer: Buffer;
  readonly bytesRead: number;
}

interface PendingRead {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
  readonly resolve: (result: ReadResult) => void;
  readonly reject: (fault: Error) => void;
}

class TtyError extends Error {
  readonly code: string;
  /** Tells the package that the port was closed by us and did not fail. */
  readonly canceled: boolean;
  constructor(code: string, tried: string, canceled = false) {
    super(`${tried}: ${code}`);
    this.code = code;
    this.canceled = canceled;
  }
}

const cancelled = (): TtyError => new TtyError('ECANCELED', 'the port was closed', true);

/** The `binding` option of serialport, for ports of this thread. */
export interface TtyBinding {
  list(): Promise<never[]>;
  open(options: TtyOptions): Promise<TtyPort>;
}

export function makeTtyBinding(sys: Sys): TtyBinding {
  return {
    // Ports are named in the configuration, never searched for.
    list: async () => [],
    open: async (options) => {
      const { path } = options;
      const fd = sys.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
      if (fd < 0) throw new TtyError(errnoName(-fd), `opening ${path}`);
      const fault = prepareTty(sys, fd, options);
      if (fault === undefined) return new TtyPort(sys, fd, options);
      sys.close(fd);
      throw fault;
    },
  };
}

function prepareTty(sys: Sys, fd: number, options: TtyOptions): TtyError | undefined {
  const { path, baudRate } = options;
  const speed = SPEEDS.get(baudRate);
  if (speed === undefined) return new TtyError('EINVAL', `${baudRate} baud`);
  const termios = new Uint8Array(TERMIOS_BYTES);
  const view = new DataView(termios.buffer);
  const got = sys.ioctl(fd, TCGETS, termios);
  if (got < 0) return new TtyError(errnoName(-got), `${path} is no serial line`);
  // TIOCEXCL does not hinder root, the lock does not hinder those who do not ask: so both.
  const locked = sys.flock(fd, LOCK_EX | LOCK_NB);
  if (locked < 0) return new TtyError(errnoName(-locked), `locking ${path}`);
  sys.ioctlNumber(fd, TIOCEXCL, 0);
  const flow = options.rtscts === true ? CRTSCTS : 0;
  const flags = [IGNBRK | IGNPAR, 0, (CS8 | CREAD | CLOCAL | speed | flow) >>> 0, 0];
  for (const [at, value] of flags.entries()) view.setUint32(at * 4, value, hostIsLittleEndian);
  termios.fill(0, CC - 1);
  termios[CC + VMIN] = 1;
  termios[CC + VTIME] = 0;
  const set = sys.ioctl(fd, TCSETS, termios);
  return set < 0 ? new TtyError(errnoName(-set), `setting up ${path}`) : undefined;
}

/** An open port, in the form that serialport asks of its bindings. */
export class TtyPort {
  readonly openOptions: Required<TtyOptions>;
  isOpen = true;
  private readonly sys: Sys;
  private readonly fd: number;
  private readonly poll: PollHandle;
  private reading: PendingRead | undefined;
  private writeTimer: NodeJS.Timeout | undefined;
  private rejectWrite: ((fault: Error) => void) | undefined;

  constructor(sys: Sys, fd: number, options: TtyOptions) {
    this.sys = sys;
    this.fd = fd;
    this.openOptions = { rtscts: false, ...options };
    this.poll = sys.poll(fd, () => this.readNow());
    this.poll.pause();
  }

  read(buffer: Buffer, offset: number, length: number): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        reject(cancelled());
        return;
      }
      this.reading = { buffer, offset, length, resolve, reject };
      this.poll.resume();
    });
  }

  private readNow(): void {
    const { reading } = this;
    if (reading === undefined) return;
    const { buffer, offset, length } = reading;
    const got = this.sys.read(this.fd, buffer.subarray(offset, offset + length));
    if (got === -EAGAIN || got === -EINTR) return;
    this.reading = undefined;
    this.poll.pause();
    // A line that hung up reads as its end, or as EIO.
    if (got > 0) reading.resolve({ buffer, bytesRead: got });
    else reading.reject(new TtyError(got === 0 ? 'EIO' : errnoName(-got), 'the line hung up'));
  }

  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      let at = 0;
      this.rejectWrite = reject;
      const attempt = (): void => {
        while (this.isOpen && at < bytes.length) {
          const sent = this.sys.write(this.fd, bytes.subarray(at));
          if (sent === -EAGAIN || sent === -EINTR || sent === 0) {
            this.writeTimer = setTimeout(attempt, WRITE_RETRY_MS);
            return;
          }
          if (sent < 0) {
            reject(new TtyError(errnoName(-sent), 'writing'));
            return;
          }
          at += sent;
        }
        if (this.isOpen) resolve();
        else reject(cancelled());
      };
      attempt();
    });
  }

  async close(): Promise<void> {
    if (!this.isOpen) throw new TtyError('EBADF', 'closing');
    this.isOpen = false;
    this.poll.close();
    clearTimeout(this.writeTimer);
    this.reading?.reject(cancelled());
    this.rejectWrite?.(cancelled());
    this.reading = undefined;
    for (let waited = 0; waited < DRAIN_MS_MAX && this.isSending(); waited += DRAIN_LOOK_MS) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    this.sys.ioctlNumber(this.fd, TCFLSH, TCIOFLUSH);
    this.sys.close(this.fd);
  }

  /** Whether the driver holds bytes that have not left. */
  private isSending(): boolean {
    const queued = new Uint8Array(4);
    const asked = this.sys.ioctl(this.fd, TIOCOUTQ, queued);
    return asked >= 0 && new DataView(queued.buffer).getInt32(0, hostIsLittleEndian) > 0;
  }

  async get(): Promise<{ cts: boolean; dsr: boolean; dcd: boolean }> {
    const lines = new Uint8Array(4);
    const got = this.sys.ioctl(this.fd, TIOCMGET, lines);
    if (got < 0) throw new TtyError(errnoName(-got), 'asking for the control lines');
    const bits = new DataView(lines.buffer).getInt32(0, hostIsLittleEndian);
    return {
      cts: (bits & MODEM_CTS) !== 0,
      dsr: (bits & MODEM_DSR) !== 0,
      dcd: (bits & MODEM_CAR) !== 0,
    };
  }

  async flush(): Promise<void> {
    const flushed = this.sys.ioctlNumber(this.fd, TCFLSH, TCIOFLUSH);
    if (flushed < 0) throw new TtyError(errnoName(-flushed), 'flushing');
  }

  /** A heartbeat never waits for its line. */
  async drain(): Promise<void> {
    throw new TtyError('ENOSYS', 'draining');
  }

  async set(): Promise<void> {
    throw new TtyError('ENOSYS', 'setting control lines');
  }

  async update(): Promise<void> {
    throw new TtyError('ENOSYS', 'changing the speed');
  }

  async getBaudRate(): Promise<{ baudRate: number }> {
    return { baudRate: this.openOptions.baudRate };
  }
}
