// hb_addnode and hb_delnode: names of nodes that join or leave the cluster while it runs. As with
// heartbeat 3.0.6 an exit status of 0 says only that the question was delivered.

import { controlPath, defaultPaths } from '../heartbeat/paths.js';
import { askControl } from '../runtime/control-socket.js';

const ANSWER_WAIT_MS = 2000;

export async function runMembersCommand(
  command: 'addnode' | 'delnode',
  nodes: readonly string[],
): Promise<number> {
  const name = `hb_${command}`;
  if (nodes.length === 0 || (nodes.length === 1 && nodes[0] === '--help')) {
    process.stdout.write(`usage: ${name} <node> <node> ...\n`);
    return 1;
  }
  const path = controlPath(process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir);
  const answer = await askControl(path, { command, nodes }, ANSWER_WAIT_MS);
  if (!answer.ok) {
    process.stderr.write(`${name}: heartbeat cannot be asked: ${answer.detail}\n`);
    return 1;
  }
  // 3.0.6 writes its refusal to the log alone.
  if (answer.value.ok !== true) process.stderr.write(`${name}: ${String(answer.value.error)}\n`);
  return 0;
}
