// From a setting to the medium that carries it out.

import { unreachable } from '../base/assert.js';
import { openBcast } from './bcast.js';
import { openMcast } from './mcast.js';
import { openMcast6 } from './mcast6.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import type { MediumTools } from './medium-tools.js';
import { openPing } from './ping.js';
import { openSerial } from './serial.js';
import { openUcast } from './ucast.js';

/**
 * Opens a medium, which stays until its `close` and mends itself meanwhile: a missing interface
 * or tty is a medium that is down, not a failure. The listener may be called before this returns.
 */
export function openMedium(
  setting: MediumSetting,
  listener: MediumListener,
  tools: MediumTools = {},
): Medium {
  switch (setting.kind) {
    case 'bcast':
      return openBcast(setting, listener, tools);
    case 'mcast':
      return openMcast(setting, listener, tools);
    case 'mcast6':
      return openMcast6(setting, listener, tools);
    case 'ucast':
    case 'ucast6':
      return openUcast(setting, listener, tools);
    case 'serial':
      return openSerial(setting, listener, tools);
    case 'ping':
    case 'ping6':
    case 'ping_group':
      return openPing(setting, listener, tools);
    default:
      return unreachable(setting);
  }
}
