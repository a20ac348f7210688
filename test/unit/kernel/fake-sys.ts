// A kernel for unit tests: answers that a test has laid ready, and a record of what was sent.

import type { Sys } from '#src/kernel/sys.js';

export interface FakeSys {
  readonly sys: Sys;
  readonly sent: Uint8Array[];
  /** Descriptors that were opened and not closed again. */
  readonly open: Set<number>;
  /** What `recv` gives next: bytes, or minus an error number. Without any it gives EAGAIN. */
  readonly answers: (Uint8Array | number)[];
  /** Called for each message sent, to lay answers ready. */
  onSend: (bytes: Uint8Array) => void;
}

const EAGAIN = 11;
const ENODEV = 19;

export function makeFakeSys(interfaces: Readonly<Record<string, number>> = {}): FakeSys {
  let nextFd = 100;
  const fake: FakeSys = {
    sent: [],
    open: new Set(),
    answers: [],
    onSend: () => undefined,
    sys: {
      socket: () => {
        fake.open.add(nextFd);
        return nextFd++;
      },
      close: (fd) => (fake.open.delete(fd) ? 0 : -EAGAIN),
      send: (_fd, bytes) => {
        fake.sent.push(bytes.slice());
        fake.onSend(bytes);
        return bytes.length;
      },
      sendto: (_fd, bytes) => {
        fake.sent.push(bytes.slice());
        return bytes.length;
      },
      recv: (_fd, into) => {
        const answer = fake.answers.shift() ?? -EAGAIN;
        if (typeof answer === 'number') return answer;
        into.set(answer);
        return answer.length;
      },
      ifNameToIndex: (name) => interfaces[name] ?? -ENODEV,
      bind: () => 0,
      connect: () => 0,
      setsockopt: () => 0,
      getsockopt: () => 0,
      attachFilter: () => 0,
      open: () => -ENODEV,
      read: () => -EAGAIN,
      write: (_fd, bytes) => bytes.length,
      ioctl: () => -ENODEV,
      ioctlNumber: () => -ENODEV,
      exit: () => undefined,
      flock: () => 0,
      schedSetscheduler: () => 0,
      schedGetscheduler: () => 0,
      poll: () => ({ pause: () => undefined, resume: () => undefined, close: () => undefined }),
    },
  };
  return fake;
}
