// Expected trouble is a value: decoders and kernel calls return it, they do not throw.

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

/** `code` is a closed union of each module; `detail` is for people and carries the numbers. */
export interface Failure<Code extends string> {
  readonly ok: false;
  readonly code: Code;
  readonly detail: string;
}

export type Result<T, Code extends string> = Ok<T> | Failure<Code>;

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });

export const failure = <Code extends string>(code: Code, detail = ''): Failure<Code> => ({
  ok: false,
  code,
  detail,
});
