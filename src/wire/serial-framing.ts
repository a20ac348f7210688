// Finds string frames in the byte stream of a serial line: from a line that begins with `>>>` to
// the line that begins with `<<<` (heartbeat 3.0.6, recorded). Noise, halves of frames and lines
// without end cost what they are, never the frame after them, and never memory without limit.

const LF = 0x0a;
const START = 0x3e;
const END = 0x3c;

/** More than any message of heartbeat; a frame beyond it is given up. */
export const SERIAL_FRAME_BYTES_MAX = 65_536;

export interface SerialCollector {
  /** The frames that these bytes complete, each from `>>>` to the line feed after `<<<`. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** Forgets a frame begun, for instance after the line was closed. */
  reset(): void;
  /** Frames given up: cut short by the next one's start, or over the limit. */
  lostFrames(): number;
}

export function createSerialCollector(
  limitBytes: number = SERIAL_FRAME_BYTES_MAX,
): SerialCollector {
  let held = new Uint8Array(1024);
  let length = 0;
  let lineStart = 0;
  let isInFrame = false;
  let lost = 0;

  const forget = (): void => {
    length = 0;
    lineStart = 0;
    isInFrame = false;
  };
  const keep = (byte: number): void => {
    if (length === held.length) {
      const larger = new Uint8Array(held.length * 2);
      larger.set(held);
      held = larger;
    }
    held[length++] = byte;
  };
  /** Whether `count` bytes from `at` on are all `byte`, within what is held. */
  const isRun = (at: number, byte: number): boolean =>
    length - at >= 3 && held[at] === byte && held[at + 1] === byte && held[at + 2] === byte;

  const startFrame = (): void => {
    held.set([START, START, START, LF]);
    length = 4;
    lineStart = 4;
    isInFrame = true;
  };
  const skipLine = (): void => {
    // Noise without a line feed may stand before the start: the line then ends in `>>>`.
    const isStart = isRun(0, START) || isRun(Math.max(0, length - 4), START);
    forget();
    if (isStart) startFrame();
  };
  const endLine = (): Uint8Array | undefined => {
    if (!isInFrame) {
      skipLine();
      return undefined;
    }
    if (isRun(lineStart, END)) {
      const frame = held.slice(0, length);
      forget();
      return frame;
    }
    // No field is called `>>>`, so the rest of the frame before was lost on the way.
    if (length - lineStart === 4 && isRun(lineStart, START)) {
      lost++;
      startFrame();
    }
    lineStart = length;
    return undefined;
  };

  return {
    push: (bytes) => {
      const frames: Uint8Array[] = [];
      for (const byte of bytes) {
        keep(byte);
        if (byte === LF) {
          const frame = endLine();
          if (frame !== undefined) frames.push(frame);
        } else if (length >= limitBytes) {
          if (isInFrame) lost++;
          forget();
        }
      }
      return frames;
    },
    reset: forget,
    lostFrames: () => lost,
  };
}
