// The heartbeat message: an ordered list of typed fields, without frame, signature or meaning.
// Frames are in netstring-frame.ts and string-frame.ts, signatures in auth/.

/**
 * A field. Type 0 is text, kept as a Latin-1 string (one character per byte on the wire); every
 * other type (1 binary, 2 nested, 3 list, 4 compressed) is kept as raw bytes. Type 5 is a nested
 * message that is to be compressed when it is sent; it never comes from the wire.
 */
export type HaField =
  | { readonly name: string; readonly type: 0; readonly text: string }
  | { readonly name: string; readonly type: 1 | 2 | 3 | 4 | 5; readonly bytes: Uint8Array };

export interface HaMessage {
  readonly fields: readonly HaField[];
}

export const textField = (name: string, text: string): HaField => ({ name, type: 0, text });
export const binaryField = (name: string, bytes: Uint8Array): HaField => ({ name, type: 1, bytes });
export const haMessage = (...fields: readonly HaField[]): HaMessage => ({ fields });

/** The text of the first field of that name; undefined when absent or not text. */
export function fieldText(message: HaMessage, name: string): string | undefined {
  for (const field of message.fields) {
    if (field.name === name) return field.type === 0 ? field.text : undefined;
  }
  return undefined;
}

/** The bytes of the first field of that name; undefined when absent or text. */
export function fieldBytes(message: HaMessage, name: string): Uint8Array | undefined {
  for (const field of message.fields) {
    if (field.name === name) return field.type === 0 ? undefined : field.bytes;
  }
  return undefined;
}

/**
 * A copy in which the field of that name has this value: replaced in place when it exists (order
 * kept), appended otherwise (as in heartbeat 3.0.6).
 */
export function withField(message: HaMessage, field: HaField): HaMessage {
  const at = message.fields.findIndex((known) => known.name === field.name);
  if (at < 0) return { fields: [...message.fields, field] };
  return { fields: message.fields.with(at, field) };
}

export function withoutField(message: HaMessage, name: string): HaMessage {
  return { fields: message.fields.filter((field) => field.name !== name) };
}
