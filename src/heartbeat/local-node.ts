// The name of this node.

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** `uname -n`, unless the file `nodeinfo` names the node otherwise, as heartbeat 3.0.6 reads it. */
export async function localNodeName(configDir: string): Promise<string> {
  try {
    const first = (await readFile(join(configDir, 'nodeinfo'), 'utf8')).split('\n')[0]?.trim();
    if (first !== undefined && first !== '') return first.toLowerCase();
  } catch {
    // No such file: the ordinary case.
  }
  return hostname().toLowerCase();
}
