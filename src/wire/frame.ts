// What both frames of the heartbeat wire share: their marks, their limits, the reasons to refuse.
// Knows nothing of digests: a frame that was taken apart here is not yet believed.

/** Of heartbeat 3.0.6: more than this is not one message on any medium. */
export const messageBytesMax: number = 256 * 1024;

/** An ordinary status has 13 fields; a script's message few more. Bounds the work per datagram. */
export const fieldsMax = 512;

/** The longest name that the field uses is `_compression_algorithm`. */
export const nameLengthMax = 255;

export type FrameCode = 'not-a-message' | 'malformed' | 'too-long';

export const stringFrameStart = '>>>\n';
export const stringFrameEnd = '<<<\n';
export const netstringFrameStart = '###\n';
export const netstringFrameEnd = '%%%\n';

/** Told by the first four bytes, as heartbeat 3.0.6 does on every medium (recorded). */
export function frameKind(bytes: Uint8Array): 'netstring' | 'string' | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 4));
  if (start === netstringFrameStart) return 'netstring';
  return start === stringFrameStart ? 'string' : undefined;
}

/**
 * Names that both frames can carry: no `=`, line feed or NUL, and no leading `(`, which would be
 * read as a type mark in the string frame.
 */
export function isFieldName(name: string): boolean {
  if (name.length === 0 || name.length > nameLengthMax || name.startsWith('(')) return false;
  return !name.includes('=') && !name.includes('\n') && !name.includes('\0');
}
