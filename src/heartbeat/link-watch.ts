// Announces what is held once more when a link comes up: whoever is behind it may have learnt
// another holder meanwhile, or forgotten everything (a switch that was started anew).

import { logLine } from '../base/log-line.js';
import { type KernelWatch, watchKernel } from '../kernel/events.js';
import type { Daemon } from './daemon-parts.js';

/** undefined when the kernel's events cannot be had; the log says so. */
export function startLinkWatch(daemon: Daemon): KernelWatch | undefined {
  const hasCarrier = new Map<string, boolean>();
  const isHeldOn = (name: string): boolean =>
    daemon.held
      .groups()
      .some((group) => group.held.some((each) => each.address?.interfaceName === name));
  const watch = watchKernel({
    onLink: (link, isPresent) => {
      const had = hasCarrier.get(link.name);
      const has = isPresent && link.hasCarrier;
      hasCarrier.set(link.name, has);
      if (had !== false || !has || !isHeldOn(link.name)) return;
      const reason = `link ${link.name} is up again`;
      daemon.prepared.log.write(logLine('info', 'link-returned', `${reason}: announcing`));
      daemon.resources.addresses.announceHeld(reason, true);
    },
    onAddress: (address, isPresent) => daemon.vipGuard?.onAddress(address, isPresent),
    onOverflow: () => {
      hasCarrier.clear();
      daemon.vipGuard?.lookAtAll();
    },
  });
  if (watch.ok) return watch.value;
  const text = `link changes are not seen: ${watch.detail}`;
  daemon.prepared.log.write(logLine('WARN', 'links-not-watched', text));
  return undefined;
}
