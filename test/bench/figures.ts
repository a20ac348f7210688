// What benchmarks print: one JSON object a line while they run, and a table of medians with their
// ratios at the end. Ratios within one run count; absolute figures belong to the machine.

export interface Trial {
  readonly bench: string;
  readonly where: string;
  readonly peer: string;
  readonly setting: string;
  readonly vips: number;
  /** Fault until the service answers for good. */
  readonly outageMs: number;
  /** Fault until the standby's first word on the wire as the new active one. */
  readonly detectionMs: number;
  /** The rest of the outage. */
  readonly executionMs: number;
  /** From the first word until the last address was announced. */
  readonly announcedMs: number;
}

export const figureNames = ['outageMs', 'detectionMs', 'executionMs', 'announcedMs'] as const;

export function printTrial(trial: Trial): void {
  process.stdout.write(`${JSON.stringify(trial)}\n`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

interface Row {
  readonly title: string;
  readonly peer: string;
  readonly vips: number;
  readonly count: number;
  readonly medians: Readonly<Record<(typeof figureNames)[number], number>>;
}

function rowsOf(trials: readonly Trial[]): Row[] {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials) {
    const title = `${trial.where} ${trial.peer} ${trial.setting}, VIPs: ${trial.vips}`;
    groups.set(title, [...(groups.get(title) ?? []), trial]);
  }
  return [...groups].map(([title, of]) => {
    const of1 = (name: (typeof figureNames)[number]): number =>
      round(median(of.map((each) => each[name])));
    return {
      title,
      peer: of[0]?.peer ?? '',
      vips: of[0]?.vips ?? 0,
      count: of.length,
      medians: {
        outageMs: of1('outageMs'),
        detectionMs: of1('detectionMs'),
        executionMs: of1('executionMs'),
        announcedMs: of1('announcedMs'),
      },
    };
  });
}

/** Medians of each setting, and how many times the reference's execution it took. */
export function tableText(trials: readonly Trial[], reference: string): string {
  const rows = rowsOf(trials);
  const widest = Math.max(...rows.map((row) => row.title.length));
  const head = ['outage', 'detection', 'execution', 'announced', `: ${reference}`];
  const lines = [`${' '.repeat(widest)}  n ${head.map((word) => word.padStart(12)).join('')}`];
  for (const row of rows) {
    const same = rows.find((other) => other.peer === reference && other.vips === row.vips);
    const ratio =
      same === undefined ? Number.NaN : row.medians.executionMs / same.medians.executionMs;
    const cells = figureNames.map((name) => String(row.medians[name]).padStart(12));
    const last = Number.isNaN(ratio) ? '-' : ratio.toFixed(2);
    const title = `${row.title.padEnd(widest)} ${String(row.count).padStart(2)}`;
    lines.push(`${title} ${cells.join('')}${last.padStart(12)}`);
  }
  return `${lines.join('\n')}\n`;
}
