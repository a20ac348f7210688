// What the service manager is told, where there is one (sd_notify(3)).

import { openNotifier } from '../kernel/notify.js';

export interface ServiceManager {
  ready(): void;
  status(text: string): void;
  stopping(): void;
  /** From now on its watchdog is told of us only while the claim holds. */
  watch(isAlive: () => boolean): void;
}

/** Without $NOTIFY_SOCKET every word is for nobody. */
export function openServiceManager(): ServiceManager {
  const path = process.env.NOTIFY_SOCKET;
  const notifier = path === undefined ? undefined : openNotifier(path);
  const say = (text: string): void => {
    if (notifier?.ok === true) notifier.value.send(text);
  };
  let isAlive = (): boolean => true;
  // Half of the time that the service manager allows, as sd_watchdog_enabled(3) advises.
  const watchdogUs = Number(process.env.WATCHDOG_USEC ?? Number.NaN);
  if (notifier?.ok === true && watchdogUs > 0) {
    const ping = (): void => {
      if (isAlive()) say('WATCHDOG=1');
    };
    setInterval(ping, watchdogUs / 2000).unref();
  }
  return {
    ready: () => say('READY=1'),
    status: (text) => say(`STATUS=${text.replaceAll('\n', ' ')}`),
    stopping: () => say('STOPPING=1'),
    watch: (claim) => {
      isAlive = claim;
    },
  };
}
