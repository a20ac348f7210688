// `reload --dry-run`: prints what the running daemon says that a reload would change.

import { askControl, type JsonValue } from '../runtime/control-socket.js';
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from './director-machine.js';

/** Reading the file resolves names. */
const ANSWER_WAIT_MS = 30_000;

const texts = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? value.map((each: JsonValue) => String(each)) : [];

export async function rehearseReload(
  socket: string,
  { out, err }: { out(text: string): void; err(text: string): void },
): Promise<number> {
  const question = { command: 'reload', isRehearsal: true };
  const asked = await askControl(socket, question, ANSWER_WAIT_MS);
  if (!asked.ok) {
    err(`nothing to reload: the daemon does not answer (${asked.detail})\n`);
    return EXIT_FAILED;
  }
  const { ok, error, text, lines, edits, expected } = asked.value;
  for (const line of texts(lines)) err(`${line}\n`);
  if (ok !== true) {
    err(`${String(error)}\n`);
    return EXIT_CONFIG;
  }
  out(`# ${String(text)}\n`);
  for (const words of texts(edits)) out(`ipvsadm ${words}\n`);
  for (const words of texts(expected)) out(`# with its first good check: ipvsadm ${words}\n`);
  return EXIT_OK;
}
