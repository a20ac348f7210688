// `lubdub status`: the daemon's report as a page for people, as one line or as JSON.

import { controlPath } from '../heartbeat/paths.js';
import { askControl, type JsonObject } from '../runtime/control-socket.js';
import { briefStatus, statusPage } from './status-page.js';
import { exitUnreachable, sayUnreachable } from './unreachable.js';

const ANSWER_WAIT_MS = 5000;

const exitOf: Readonly<Record<string, number>> = { ok: 0, degraded: 1, critical: 2 };

export async function runStatus(options: {
  readonly json?: boolean;
  readonly brief?: boolean;
  readonly runDir: string;
}): Promise<number> {
  const path = controlPath(options.runDir);
  const answer = await askControl(path, { command: 'status' }, ANSWER_WAIT_MS);
  if (!answer.ok) {
    if (options.json === true) {
      const report: JsonObject = { schema: 'lubdub/status/v1', ok: false, code: answer.code };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
    sayUnreachable(path, answer);
    return exitUnreachable;
  }
  const report = answer.value;
  const text =
    options.json === true
      ? `${JSON.stringify(report)}\n`
      : options.brief === true
        ? briefStatus(report)
        : statusPage(report, process.stdout.isTTY === true);
  process.stdout.write(text);
  return exitOf[String(report.health)] ?? 2;
}
