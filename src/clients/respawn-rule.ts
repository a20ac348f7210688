// Whether a program that is kept running is started again when it ends (heartbeat 3.0.6, recorded):
// after a second, unless it asked not to be by its exit code, or ends again and again at once.

/** By this exit code a program says that it is not to be started again. */
export const LAST_EXIT_CODE = 100;
/** A program that ran as long as this was not in vain. */
export const SHORT_RUN_MS = 30_000;
/** As many short runs in a row are allowed; the next one is the last. */
export const SHORT_RUNS_MAX = 10;
export const RESTART_AFTER_MS = 1000;

export type RespawnVerdict = 'again' | 'asked-not-to' | 'too-fast';

export interface RespawnRule {
  /** To be asked at each end; `ranMs` is how long this run lasted. */
  ended(exitCode: number | undefined, ranMs: number): RespawnVerdict;
}

export function createRespawnRule(lastExitCode: number = LAST_EXIT_CODE): RespawnRule {
  let shortRuns = 0;
  return {
    ended: (exitCode, ranMs) => {
      if (exitCode === lastExitCode) return 'asked-not-to';
      shortRuns = ranMs < SHORT_RUN_MS ? shortRuns + 1 : 0;
      return shortRuns > SHORT_RUNS_MAX ? 'too-fast' : 'again';
    },
  };
}
