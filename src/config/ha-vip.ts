// The lines of ha.cf that guard the VIPs, which heartbeat 3.0.6 does not have: how often they are
// announced, what happens when another machine answers for one, and how long the kernel keeps one
// that nobody renews.

import { type Duration, millis, seconds } from '../base/time.js';
import type { HaStatement } from './ha-statements.js';

export interface VipSettings {
  /** Time between two announcements of what is held, default 60 s; 0 is never. */
  readonly refresh: Duration;
}

type SingleValues = ReadonlyMap<string, HaStatement>;

/** What a switch or a neighbour has forgotten is learnt anew within this. */
const REFRESH_DEFAULT: Duration = seconds(60);

export function readVipSettings(single: SingleValues): VipSettings {
  const refresh = single.get('vip_refresh')?.value;
  return {
    refresh: refresh?.kind === 'time' ? millis(refresh.time) : REFRESH_DEFAULT,
  };
}
