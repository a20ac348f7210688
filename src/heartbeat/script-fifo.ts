// The FIFO by which scripts give the daemon messages to send, as `hb_standby` of the original and
// `ha_clustermsg` of its shellfuncs do: string frames, from whoever may write to it, which is root.

import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failure, ok, type Result } from '../base/result.js';
import { EAGAIN, errnoName } from '../kernel/errno.js';
import { openSys } from '../kernel/sys.js';
import { lastWords, runProgram } from '../resources/run-program.js';
import type { HaMessage } from '../wire/ha-message.js';
import { createSerialCollector } from '../wire/serial-framing.js';
import { decodeStringFrame } from '../wire/string-frame.js';

export interface ScriptFifo {
  close(): void;
}

const O_RDWR = 2;
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
/** A message of a script is some lines; a frame beyond this is no message. */
const FRAME_BYTES_MAX = 16_384;
const READ_BYTES = 4096;
/** Of one turn of the loop: a writer without end must not hold up everything else. */
const READS_PER_TURN = 16;
const MKFIFO_DEADLINE_MS = 10_000;

/** Makes the FIFO anew, mode 0600, unless there is one that only its owner may use. */
async function makeFifo(path: string): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const found = await lstat(path).catch(() => undefined);
  const isGood = found?.isFIFO() === true && (found.mode & 0o077) === 0;
  if (isGood && found.uid === process.getuid?.()) return undefined;
  // What `echo >> fifo` makes while no daemon runs is a plain file in its place.
  await rm(path, { force: true });
  const made = await runProgram({
    path: 'mkfifo',
    args: ['-m', '600', path],
    environment: {},
    deadlineMs: MKFIFO_DEADLINE_MS,
  });
  return made.exitCode === 0 ? undefined : `mkfifo ${path}: ${made.reason || lastWords(made)}`;
}

/** `onRefused` is told of frames that are no messages, with the reason. */
export async function openScriptFifo(
  path: string,
  onMessage: (message: HaMessage) => void,
  onRefused: (reason: string) => void,
): Promise<Result<ScriptFifo, 'no-fifo'>> {
  try {
    const trouble = await makeFifo(path);
    if (trouble !== undefined) return failure('no-fifo', trouble);
  } catch (cause) {
    return failure('no-fifo', cause instanceof Error ? cause.message : String(cause));
  }
  const sys = openSys();
  if (!sys.ok) return failure('no-fifo', sys.detail);
  const { read, close, poll, open } = sys.value;
  // Open for writing as well, so that it never ends when the last script closes it.
  const fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return failure('no-fifo', `${path}: ${errnoName(-fd)}`);
  const collector = createSerialCollector(FRAME_BYTES_MAX);
  const buffer = new Uint8Array(READ_BYTES);
  const watch = poll(fd, () => {
    for (let turn = 0; turn < READS_PER_TURN; turn++) {
      const count = read(fd, buffer);
      if (count <= 0) {
        if (count < 0 && count !== -EAGAIN) onRefused(errnoName(-count));
        return;
      }
      for (const frame of collector.push(buffer.subarray(0, count))) {
        const message = decodeStringFrame(frame);
        if (message.ok) onMessage(message.value);
        else onRefused(message.detail);
      }
    }
  });
  return ok({
    close: () => {
      watch.close();
      close(fd);
    },
  });
}
