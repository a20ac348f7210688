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

/** What was kept of the stream: whole lines and the one that is coming. */
interface Held {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
  lineStart: number;
  isInFrame: boolean;
  lost: number;
}

export function createSerialCollector(
  limitBytes: number = SERIAL_FRAME_BYTES_MAX,
): SerialCollector {
  const held: Held = {
    bytes: new Uint8Array(1024),
    length: 0,
    lineStart: 0,
    isInFrame: false,
    lost: 0,
  };
  return {
    push: (bytes) => {
      const frames: Uint8Array[] = [];
      for (const byte of bytes) {
        keep(held, byte);
        if (byte === LF) {
          const frame = endLine(held);
          if (frame !== undefined) frames.push(frame);
        }
        // Line feeds alone fill a frame as well as any other noise.
        if (held.length >= limitBytes) {
          if (held.isInFrame) held.lost++;
          forget(held);
        }
      }
      return frames;
    },
    reset: () => forget(held),
    lostFrames: () => held.lost,
  };
}

function forget(held: Held): void {
  held.length = 0;
  held.lineStart = 0;
  held.isInFrame = false;
}

function keep(held: Held, byte: number): void {
  if (held.length === held.bytes.length) {
    const larger = new Uint8Array(held.bytes.length * 2);
    larger.set(held.bytes);
    held.bytes = larger;
  }
  held.bytes[held.length++] = byte;
}

function startFrame(held: Held): void {
  held.bytes.set([START, START, START, LF]);
  held.length = 4;
  held.lineStart = 4;
  held.isInFrame = true;
}

/** Whether three bytes from `at` on are held and all of them are `byte`. */
function isTriple({ bytes, length }: Held, at: number, byte: number): boolean {
  if (at < 0 || length - at < 3) return false;
  return bytes[at] === byte && bytes[at + 1] === byte && bytes[at + 2] === byte;
}

/** The frame that this line feed completes, if it does. */
function endLine(held: Held): Uint8Array | undefined {
  if (!held.isInFrame) {
    // Noise without a line feed may stand before the start: the line then ends in `>>>`.
    const isStart = isTriple(held, 0, START) || isTriple(held, held.length - 4, START);
    forget(held);
    if (isStart) startFrame(held);
    return undefined;
  }
  if (isTriple(held, held.lineStart, END)) {
    const frame = held.bytes.slice(0, held.length);
    forget(held);
    return frame;
  }
  // No field is called `>>>`, so the rest of the frame before was lost on the way.
  if (held.length - held.lineStart === 4 && isTriple(held, held.lineStart, START)) {
    held.lost++;
    startFrame(held);
  }
  held.lineStart = held.length;
  return undefined;
}
