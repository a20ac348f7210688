// The start, gone through once beforehand by a successor that waits, in its main thread: code that
// ran once runs at once when it matters. Nothing is kept: the files may change until the word.

import { openSys } from '../kernel/sys.js';
import { createLog } from '../runtime/log.js';
import { localNodeName } from './local-node.js';
import type { HeartbeatPaths } from './paths.js';
import { judgeFiles } from './preparation.js';

/** Reads and judges the files, loads the kernel's door and the log. No effect. */
export async function rehearseStart(paths: HeartbeatPaths): Promise<void> {
  openSys();
  createLog(({ text }) => text, [], 'info').write({
    level: 'info',
    code: 'configuration-valid',
    text: 'rehearsal',
  });
  await judgeFiles(paths, await localNodeName(paths.configDir));
}
