// The lines of ha.cf that guard the VIPs, which heartbeat 3.0.6 does not have: how often they are
// announced, what happens when another machine answers for one, and how long the kernel keeps one
// that nobody renews.

import { type Duration, millis, seconds } from '../base/time.js';
import type { DiagnosticSink } from './diagnostic.js';
import type { HaStatement } from './ha-statements.js';
import { parseTime, timeText } from './ha-values.js';

export type VipConflict = 'warn' | 'wait' | 'refuse';

export interface VipSettings {
  /** When another machine answers for an address that is to be taken. */
  readonly conflict: VipConflict;
  /** Questions about it, each followed by the spacing; together at most a tenth of deadtime. */
  readonly probe: { readonly count: number; readonly spacing: Duration };
  /** How long the kernel keeps an address that nobody renews; undefined for ever. */
  readonly leaseSeconds: number | undefined;
  /** Time between two announcements of what is held, default 60 s; 0 is never. */
  readonly refresh: Duration;
}

type SingleValues = ReadonlyMap<string, HaStatement>;

/** What a switch or a neighbour has forgotten is learnt anew within this. */
const REFRESH_DEFAULT: Duration = seconds(60);
/** One question may be lost. */
const PROBES_DEFAULT = 2;
const PROBES_MAX = 10;
const SPACING_DEFAULT: Duration = millis(100);
/** A takeover that asks for longer than this part of the dead time is noticeably later. */
const PROBE_SHARE = 1 / 10;

export function readVipSettings(
  single: SingleValues,
  deadtime: Duration,
  sink: DiagnosticSink,
): VipSettings {
  const refresh = single.get('vip_refresh')?.value;
  const conflict = single.get('vip_conflict')?.value;
  const word = conflict?.kind === 'words' ? conflict.words[0]?.text : undefined;
  return {
    conflict: word === 'wait' || word === 'refuse' ? word : 'warn',
    leaseSeconds: readLease(single.get('vip_lease'), deadtime, sink),
    probe: readProbe(single.get('vip_probe'), deadtime, sink),
    refresh: refresh?.kind === 'time' ? millis(refresh.time) : REFRESH_DEFAULT,
  };
}

function readProbe(
  statement: HaStatement | undefined,
  deadtime: Duration,
  sink: DiagnosticSink,
): VipSettings['probe'] {
  const longest = deadtime * PROBE_SHARE;
  const spacing = millis(Math.min(SPACING_DEFAULT, longest / PROBES_DEFAULT));
  const usual = { count: PROBES_DEFAULT, spacing };
  if (statement?.value.kind !== 'words') return usual;
  const [countWord, spacingWord] = statement.value.words;
  if (countWord === undefined || spacingWord === undefined) return usual;
  const count = /^\d{1,2}$/.test(countWord.text) ? Number(countWord.text) : 0;
  const asked = parseTime(spacingWord.text);
  if (count < 1 || count > PROBES_MAX || asked === undefined) {
    sink.error('bad-value', statement.at, `vip_probe takes a count and a time`, {
      hint: `a count from 1 to ${PROBES_MAX} and the time behind each, such as "vip_probe 2 100ms"`,
    });
    return usual;
  }
  if (count * asked > longest) {
    const limit = timeText(millis(longest));
    sink.error('bad-timing', statement.at, `vip_probe lasts longer than a tenth of deadtime`, {
      hint: `${count} times ${spacingWord.text} must not be above ${limit}`,
    });
  }
  return { count, spacing: asked };
}

/** Below this dead time whole seconds are too coarse a measure. */
const LEASE_DEADTIME_MIN: Duration = seconds(5);

/**
 * The address has to be gone when the peer takes it, a dead time after our last beat; and a
 * successor, which may take half a dead time, has to find it in its place.
 */
function usualLease(deadtime: Duration): number {
  return Math.floor(deadtime / 1000) - 1;
}

function readLease(
  statement: HaStatement | undefined,
  deadtime: Duration,
  sink: DiagnosticSink,
): number | undefined {
  const usual = deadtime >= LEASE_DEADTIME_MIN ? usualLease(deadtime) : undefined;
  if (statement?.value.kind !== 'words') return usual;
  const text = statement.value.words[0]?.text.toLowerCase() ?? '';
  if (text === 'off') return undefined;
  if (text === 'on') {
    if (usual !== undefined) return usual;
    sink.error('bad-timing', statement.at, 'vip_lease on needs a deadtime of 5 s or more', {
      hint: 'the kernel counts in seconds; remove the line, or write a longer deadtime',
    });
    return undefined;
  }
  const asked = parseTime(text);
  const low = Math.floor(deadtime / 2000) + 2;
  const high = Math.floor(deadtime / 1000);
  if (asked === undefined || asked % 1000 !== 0) {
    sink.error('bad-value', statement.at, 'vip_lease takes on, off or whole seconds', {
      hint: `such as "vip_lease ${Math.max(low, high - 1)}"`,
    });
    return undefined;
  }
  const leaseSeconds = asked / 1000;
  if (leaseSeconds < low || leaseSeconds > high) {
    const range = low > high ? 'a longer deadtime' : `${low} to ${high} seconds`;
    sink.error('bad-timing', statement.at, `vip_lease ${text} does not go with deadtime`, {
      hint: `${range}: above half of deadtime, for a successor; not above it, for the peer`,
    });
  }
  return leaseSeconds;
}
