// Mails about the table: which event is told in which state of the daemon, and the reminders about
// real servers that stay down. It makes texts and times; sending is the program's matter.

import { after, earliest, type Instant, seconds } from '../base/time.js';
import type { AlertState, VirtualServiceConfig } from '../config/director-config.js';
import type { DirectorEffect } from './director-event.js';

export interface AlertEvent {
  readonly virtual: VirtualServiceConfig;
  /** In the words of ldirectord, without a reason. */
  readonly subject: string;
  /** The real server that it is about; undefined for fallback servers. */
  readonly real: string | undefined;
  /** The real server went: it is reminded of until something else happens to it. */
  readonly isLoss: boolean;
}

export interface Alerts {
  tell(event: AlertEvent, state: AlertState, now: Instant): readonly DirectorEffect[];
  /** Reminders that are due. */
  remind(state: AlertState, now: Instant): readonly DirectorEffect[];
  /** Reminders about these services alone go on. */
  keepOnly(virtuals: readonly VirtualServiceConfig[]): void;
  next(): Instant | undefined;
}

interface Reminder {
  readonly virtual: VirtualServiceConfig;
  readonly real: string;
  dueAt: Instant;
}

export function createAlerts(): Alerts {
  const reminders = new Map<string, Reminder>();
  const mail = (
    virtual: VirtualServiceConfig,
    text: string,
    state: AlertState,
  ): readonly DirectorEffect[] => {
    const { to, states } = virtual.alert;
    if (to === '' || !states.includes(state)) return [];
    const name = virtual.serviceName;
    const subject = name === undefined ? text : `[${name}] ${text}`;
    return [{ kind: 'send-mail', virtual, subject, state }];
  };
  return {
    tell: ({ virtual, subject, real, isLoss }, state, now) => {
      const { repeatSeconds } = virtual.alert;
      if (real !== undefined) {
        const key = `${virtual.id} ${real}`;
        reminders.delete(key);
        if (isLoss && repeatSeconds > 0) {
          reminders.set(key, { virtual, real, dueAt: after(now, seconds(repeatSeconds)) });
        }
      }
      return mail(virtual, subject, state);
    },
    remind: (state, now) => {
      const effects: DirectorEffect[] = [];
      for (const reminder of reminders.values()) {
        if (reminder.dueAt > now) continue;
        const { virtual, real } = reminder;
        reminder.dueAt = after(now, seconds(virtual.alert.repeatSeconds));
        const text = `Inaccessible real server: ${real} (${virtual.name})`;
        effects.push(...mail(virtual, text, state));
      }
      return effects;
    },
    keepOnly: (virtuals) => {
      const byId = new Map(virtuals.map((virtual) => [virtual.id, virtual]));
      for (const [key, { virtual, real, dueAt }] of reminders) {
        const now = byId.get(virtual.id);
        if (now === undefined || now.alert.repeatSeconds === 0) reminders.delete(key);
        else reminders.set(key, { virtual: now, real, dueAt });
      }
    },
    next: () => {
      let next: Instant | undefined;
      for (const { dueAt } of reminders.values()) next = earliest(next, dueAt);
      return next;
    },
  };
}

/** As ldirectord writes it. */
export function mailBody(
  virtual: VirtualServiceConfig,
  subject: string,
  state: AlertState,
  hostName: string,
): string {
  const { serviceName, comment } = virtual;
  const lines = [
    `ldirectord host: ${hostName}`,
    `Log-Message: ${subject}`,
    `Daemon-Status: ${state}`,
  ];
  if (serviceName !== undefined || comment !== undefined) lines.push('');
  if (serviceName !== undefined) lines.push(`Service name: ${serviceName}`);
  if (comment !== undefined) lines.push(`Comment: ${comment}`);
  return `${lines.join('\n')}\n`;
}
