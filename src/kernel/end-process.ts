// How the long-running processes end. The way of Node.js out waits for the compiler's threads, and
// those may wait for a collection of garbage that the main thread has to make: a process that has
// said its last word then stays for ever (nodejs/node issue 54918), and with it who waits for its
// end.

import { openSys } from './sys.js';

/**
 * Ends this process at once with the exit code, 0 to 255. Nothing is flushed: what has to be said
 * is written before, and nothing else may follow.
 */
export function endProcess(code: number): void {
  const sys = openSys();
  if (sys.ok) sys.value.exit(code);
  process.exit(code);
}
