// Where the log goes, found without a parse: commands must not depend on the file being right.

import { readFile } from 'node:fs/promises';

export const DEFAULT_LOGFILE = '/var/log/ldirectord.log';

/** A path or a syslog facility. The last `logfile` wins, as in a parse. */
export async function logfileOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const found = [...text.matchAll(/^logfile\s*=\s*"?([^"\n]+?)"?\s*$/gm)].at(-1)?.[1];
  return found ?? DEFAULT_LOGFILE;
}
