// The lists of members that changed while we run, for people and tools that know heartbeat 3.0.6's
// files: hostcache (name, uuid, weight, site) and delhostcache. No start reads them: with
// haresources ha.cf and a living peer say who belongs to the cluster, as in 3.0.6.

import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex } from '../base/bytes.js';

export interface Members {
  readonly members: readonly { readonly name: string; readonly uuid: Uint8Array | undefined }[];
  readonly deleted: readonly string[];
}

/** 3.0.6 gives every node this weight unless a tool changed it. */
const WEIGHT = 100;

const uuidText = (uuid: Uint8Array | undefined): string =>
  bytesToHex(uuid ?? new Uint8Array(16)).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** Resolves to what went wrong, undefined when both are written. */
export async function writeMemberFiles(
  stateDir: string,
  { members, deleted }: Members,
): Promise<string | undefined> {
  const line = (name: string, uuid?: Uint8Array): string =>
    `${name}\t${uuidText(uuid)}\t${WEIGHT}\t\n`;
  const files = {
    hostcache: members.map(({ name, uuid }) => line(name, uuid)).join(''),
    delhostcache: deleted.map((name) => line(name)).join(''),
  };
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(stateDir, name);
      await writeFile(`${path}.new`, text, { mode: 0o640 });
      await rename(`${path}.new`, path);
    }
    return undefined;
  } catch (cause) {
    return `${stateDir}: ${String(cause)}`;
  }
}
