// What operators said of real servers, on disk: it outlives the process and the machine. The file
// is its owner's alone, replaced as a whole, and read with as little trust as a message.

import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AdministrationEntry, readEntries } from '../director/administration-entry.js';

/** Sixteen times what the most entries take; anything larger is not ours. */
const FILE_BYTES_MAX = 2 * 1024 * 1024;

/** Empty when there is no such file. What is not understood is left out and told. */
export async function readAdministration(
  path: string,
): Promise<{ readonly entries: readonly AdministrationEntry[]; readonly trouble?: string }> {
  try {
    if ((await stat(path)).size > FILE_BYTES_MAX) return { entries: [], trouble: 'too large' };
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    const given = (value as { readonly entries?: unknown } | null)?.entries;
    if (!Array.isArray(given)) return { entries: [], trouble: 'no list of entries' };
    const entries = readEntries(given);
    const lost = given.length - entries.length;
    return lost === 0 ? { entries } : { entries, trouble: `${lost} entries are not understood` };
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    return isAbsent ? { entries: [] } : { entries: [], trouble: String(cause) };
  }
}

/** Returns what went wrong; the former file is then as it was. */
export async function writeAdministration(
  path: string,
  entries: readonly AdministrationEntry[],
): Promise<string | undefined> {
  const text = `${JSON.stringify({ schema: 'lubdub/administration/v1', entries }, undefined, 1)}\n`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      // A power loss right after the answer must not undo it.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    return undefined;
  } catch (cause) {
    return String(cause);
  }
}
