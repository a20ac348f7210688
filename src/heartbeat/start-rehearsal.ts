// The start, gone through once beforehand by a successor that waits, in its main thread: code that
// ran once runs at once when it matters. Nothing is kept: the files may change until the word.

import { openSys } from '../kernel/sys.js';
import { loadWinston } from '../runtime/log.js';
import type { BeatThread } from './beat-thread.js';
import { localNodeName } from './local-node.js';
import type { HeartbeatPaths } from './paths.js';
import { judgeFiles } from './preparation.js';

/** Reads and judges the files, loads the kernel's door and the log. No effect. */
export async function rehearseStart(paths: HeartbeatPaths, thread: BeatThread): Promise<void> {
  openSys();
  await loadWinston();
  const judged = await judgeFiles(paths, await localNodeName(paths.configDir));
  if (judged.ok && judged.value.isSerialUsed) await thread.loadSerial();
}
