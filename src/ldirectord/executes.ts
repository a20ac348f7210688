// execute: further configurations that run as instances of their own, started, reloaded and stopped
// together with this one by the classic command.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Instance } from './instance.js';

/** Sees to the instances; `failed` is told of a command that did not do its work. */
export interface Executes {
  /** New ones are started, those that stay are reloaded when `isReload`, others stopped. */
  configure(configs: readonly string[], isReload: boolean): Promise<void>;
  stop(): Promise<void>;
}

export type RunDirectorCommand = (config: string, command: string) => Promise<number>;

const SCRIPT: string = fileURLToPath(new URL('../compat/ldirectord.js', import.meta.url));
/** A start waits for first verdicts, ten seconds at most, and for the names before. */
const COMMAND_MS_MAX = 60_000;

/** The command of this very program, with this instance's folders. */
export const directorCommand =
  ({ places }: Instance): RunDirectorCommand =>
  (config, command) =>
    new Promise((resolve) => {
      const { configDir, runDir, stateDir } = places;
      // Not as options: the log tells how a command was called.
      const folders = {
        LUBDUB_CONFIG_DIR: configDir,
        LUBDUB_RUN_DIR: runDir,
        LUBDUB_STATE_DIR: stateDir,
      };
      const child = spawn(process.execPath, [SCRIPT, config, command], {
        env: { ...process.env, ...folders },
        stdio: 'ignore',
        timeout: COMMAND_MS_MAX,
      });
      child.once('error', () => resolve(127));
      child.once('exit', (code) => resolve(code ?? 1));
    });

export function createExecutes(
  run: RunDirectorCommand,
  failed: (config: string, command: string, exitCode: number) => void,
): Executes {
  let running: readonly string[] = [];
  const order = async (config: string, command: string): Promise<void> => {
    const exitCode = await run(config, command);
    if (exitCode !== 0) failed(config, command, exitCode);
  };
  return {
    configure: async (configs, isReload) => {
      const wanted = [...new Set(configs)];
      const gone = running.filter((config) => !wanted.includes(config));
      const kept = running.filter((config) => wanted.includes(config));
      const fresh = wanted.filter((config) => !running.includes(config));
      running = wanted;
      await Promise.all([
        ...gone.map((config) => order(config, 'stop')),
        ...(isReload ? kept.map((config) => order(config, 'reload')) : []),
        ...fresh.map((config) => order(config, 'start')),
      ]);
    },
    stop: async () => {
      const all = running;
      running = [];
      await Promise.all(all.map((config) => order(config, 'stop')));
    },
  };
}
