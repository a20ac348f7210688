// The only door from JavaScript to libc: plain integers and byte arrays, no structures, no
// callbacks into us. A wrong prototype here is a crash and not an exception, so this list is
// reviewed line by line against the manual pages, and everything else uses the `Sys` interface,
// which an addon of our own could carry as well. koffi is loaded at the first `openSys`.

import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { failure, ok, type Result } from '../base/result.js';
import { ENODEV, type KernelCode } from './errno.js';

/** A watch on a descriptor in the event loop of the thread that made it. */
export interface PollHandle {
  /** Until `resume` nothing is called: a readable descriptor that nobody reads is a busy loop. */
  pause(): void;
  resume(): void;
  /** To be called before the descriptor is closed. Calling it again does nothing. */
  close(): void;
}

/**
 * Every call returns the value of the C function, or minus the error number. Byte arrays are
 * written in place; the kernel keeps no reference to them after the call.
 */
export interface Sys {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** Fills `into` and gives the number of bytes that the option has. */
  getsockopt(fd: number, level: number, option: number, into: Uint8Array): number;
  /** SO_ATTACH_FILTER: instructions of a packet filter, 8 bytes each; the kernel copies them. */
  attachFilter(fd: number, program: Uint8Array): number;
  send(fd: number, bytes: Uint8Array, flags: number): number;
  sendto(fd: number, bytes: Uint8Array, flags: number, address: Uint8Array): number;
  recv(fd: number, into: Uint8Array, flags: number): number;
  close(fd: number): number;
  /** Without a mode: for files that exist. */
  open(path: string, flags: number): number;
  read(fd: number, into: Uint8Array): number;
  write(fd: number, bytes: Uint8Array): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** For requests whose argument is a number and not a place. */
  ioctlNumber(fd: number, request: number, argument: number): number;
  flock(fd: number, operation: number): number;
  /** The interface's index, or minus ENODEV. */
  ifNameToIndex(name: string): number;
  /** `policy` and `priority` of the calling thread (process id 0) or of another process. */
  schedSetscheduler(pid: number, policy: number, priority: number): number;
  schedGetscheduler(pid: number): number;
  /** _exit(2): this process ends at once, with all its threads. */
  exit(status: number): void;
  /** Calls `onReadable` in the event loop as long as the descriptor is readable. */
  poll(fd: number, onReadable: () => void): PollHandle;
}

type NativeValue = number | bigint | string | Uint8Array | null;
type NativeCall = (...values: readonly NativeValue[]) => number;

let loaded: Result<Sys, KernelCode> | undefined;

/** Loads koffi once per thread. Fails with `unsupported` and says which package is missing. */
export function openSys(): Result<Sys, KernelCode> {
  loaded ??= load();
  return loaded;
}

function load(): Result<Sys, KernelCode> {
  const require = createRequire(import.meta.url);
  try {
    // The module's own declarations are the type of what `require` returns.
    const koffi = require('koffi') as typeof Koffi;
    return ok(bindAll(koffi));
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    return failure(
      'unsupported',
      `the native module koffi cannot be loaded (${reason}): install the package koffi with its ` +
        `part @koromix/koffi-linux-${process.arch} for this machine`,
    );
  }
}

function bindAll(koffi: typeof Koffi): Sys {
  // The program itself: node is linked to the C library, whatever that one is called.
  const libc = koffi.load(null);
  const bind = (prototype: string): NativeCall => {
    const native = libc.func(prototype);
    return (...values) => {
      const result = Number(native(...values));
      return result < 0 ? -koffi.errno() : result;
    };
  };
  return {
    ...bindSockets(bind),
    ...bindProcess(bind),
    attachFilter: bindFilter(koffi, libc),
    poll: bindPoll(koffi),
  };
}

type Bind = (prototype: string) => NativeCall;

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const FILTER_INSTRUCTION_BYTES = 8;

/** The one structure with a pointer in it: struct sock_fprog (linux/filter.h). */
function bindFilter(koffi: typeof Koffi, libc: Koffi.LibraryHandle): Sys['attachFilter'] {
  const program = koffi.struct({ length: 'uint16_t', filter: 'void *' });
  const parameters = ['int', 'int', 'int', koffi.pointer(program), 'uint32_t'];
  const setsockopt = libc.func('setsockopt', 'int', parameters);
  return (fd, filter) => {
    const value = { length: filter.length / FILTER_INSTRUCTION_BYTES, filter };
    const size = koffi.sizeof(program);
    const result = Number(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, value, size));
    return result < 0 ? -koffi.errno() : result;
  };
}

function bindSockets(bind: Bind): Omit<Sys, 'attachFilter' | 'poll' | keyof ProcessCalls> {
  const socket = bind('int socket(int domain, int type, int protocol)');
  const bindTo = bind('int bind(int fd, const void *address, uint32_t length)');
  const connect = bind('int connect(int fd, const void *address, uint32_t length)');
  const set = 'int setsockopt(int fd, int level, int option, const void *value, uint32_t length)';
  const setsockopt = bind(set);
  const getsockopt = bind(
    'int getsockopt(int fd, int level, int option, void *value, void *length)',
  );
  const send = bind('intptr_t send(int fd, const void *bytes, uintptr_t length, int flags)');
  const to = 'const void *address, uint32_t addressLength';
  const sendto = bind(`intptr_t sendto(int fd, const void *b, uintptr_t n, int flags, ${to})`);
  const recv = bind('intptr_t recv(int fd, void *bytes, uintptr_t length, int flags)');
  const close = bind('int close(int fd)');
  // Variadic in C; with integers and pointers only, both calling conventions that koffi knows on
  // Linux pass the third argument in the same register.
  const ioctl = bind('int ioctl(int fd, unsigned long request, void *argument)');
  const ioctlNumber = bind('int ioctl(int fd, unsigned long request, uintptr_t argument)');
  const open = bind('int open(const char *path, int flags)');
  const read = bind('intptr_t read(int fd, void *bytes, uintptr_t length)');
  const write = bind('intptr_t write(int fd, const void *bytes, uintptr_t length)');
  return {
    socket,
    bind: (fd, address) => bindTo(fd, address, address.length),
    connect: (fd, address) => connect(fd, address, address.length),
    setsockopt: (fd, level, option, value) => setsockopt(fd, level, option, value, value.length),
    getsockopt: (fd, level, option, into) => {
      const length = Uint32Array.of(into.length);
      const result = getsockopt(fd, level, option, into, asBytes(length));
      return result < 0 ? result : (length[0] ?? 0);
    },
    send: (fd, bytes, flags) => send(fd, bytes, bytes.length, flags),
    sendto: (fd, bytes, flags, address) =>
      sendto(fd, bytes, bytes.length, flags, address, address.length),
    recv: (fd, into, flags) => recv(fd, into, into.length, flags),
    close,
    open,
    read: (fd, into) => read(fd, into, into.length),
    write: (fd, bytes) => write(fd, bytes, bytes.length),
    ioctl,
    ioctlNumber,
  };
}

const asBytes = (numbers: Uint32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

type ProcessCalls = Pick<
  Sys,
  'exit' | 'flock' | 'ifNameToIndex' | 'schedSetscheduler' | 'schedGetscheduler'
>;

function bindProcess(bind: Bind): ProcessCalls {
  const ifNameToIndex = bind('uint32_t if_nametoindex(const char *name)');
  const exit = bind('int _exit(int status)');
  const setscheduler = bind('int sched_setscheduler(int pid, int policy, const void *parameters)');
  return {
    exit: (status) => {
      exit(status);
    },
    flock: bind('int flock(int fd, int operation)'),
    // Returns 0 for a failure, where everything else returns -1.
    ifNameToIndex: (name) => ifNameToIndex(name) || -ENODEV,
    schedSetscheduler: (pid, policy, priority) =>
      setscheduler(pid, policy, asBytes(Uint32Array.of(priority))),
    schedGetscheduler: bind('int sched_getscheduler(int pid)'),
  };
}

function bindPoll(koffi: typeof Koffi): Sys['poll'] {
  // The finaliser of a handle closes it, so each is referenced for as long as it is wanted.
  const open = new Set<Koffi.node.PollHandle>();
  return (fd, onReadable) => {
    let isWanted = true;
    // The declarations of koffi 3.3 leave out the first argument, the status.
    const onEvent = (...values: readonly unknown[]): void => {
      // A throw out of the native callback would come up late and without its place.
      try {
        if (open.has(handle)) onReadable();
      } catch (fault) {
        queueMicrotask(() => {
          throw fault;
        });
      }
      // libuv stops a watch when the descriptor has an error (POLLERR), such as the ENOBUFS of an
      // overflowed netlink socket. It has been read now, so the watch goes on.
      const hadError = values[0] !== 0;
      if (hadError && isWanted && open.has(handle)) handle.start({ readable: true }, onEvent);
    };
    const handle = koffi.node.poll(fd, { readable: true }, onEvent);
    open.add(handle);
    return {
      pause: () => {
        isWanted = false;
        if (open.has(handle)) handle.stop();
      },
      resume: () => {
        isWanted = true;
        if (open.has(handle)) handle.start({ readable: true }, onEvent);
      },
      close: () => {
        if (open.delete(handle)) handle.close();
      },
    };
  };
}
