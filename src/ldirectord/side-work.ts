// What a director does beside its table and its checks, none of which may hold these up: mails,
// operators' commands, monitorfiles, maintenance files, further instances, news of the ways to real
// servers.

import { hostname } from 'node:os';
import type { LogCode } from '../base/log-code.js';
import type { LogLevel } from '../base/log-line.js';
import type { DirectorConfig } from '../config/director-config.js';
import { mailBody } from '../director/alerts.js';
import type { DirectorEffect } from '../director/director-event.js';
import { type IpvsSwitches, ipvsSwitches } from '../kernel/ipvs-sysctls.js';
import { createCommandQueue } from '../runtime/command-queue.js';
import { localStamp } from '../runtime/log-form.js';
import { createMailer } from '../runtime/mailer.js';
import type { DirectorMachine } from './director-machine.js';
import { createExecutes, directorCommand } from './executes.js';
import type { Instance } from './instance.js';
import { watchMaintenance } from './maintenance-watch.js';
import { createMonitorFiles } from './monitor-files.js';
import { type ServerWatch, type Suspect, startServerWatch } from './server-watch.js';
import { expiryWanted, turnOnExpiry } from './template-expiry.js';

/** Mails of a stop have so long; heartbeat waits for the end. */
const LAST_MAILS_MS = 5000;

export type SideEffect = Extract<
  DirectorEffect,
  { readonly kind: 'send-mail' | 'run-command' | 'note-check' }
>;

export interface SideWork {
  carryOut(effect: SideEffect): void;
  /** Settings of a configuration that is in force now. */
  configure(config: DirectorConfig, isReload: boolean): void;
  /** The table is ours, or no longer: further instances follow. */
  setActive(isActive: boolean): void;
  /** The file has changed: `callback` is run if there is one. */
  tellChange(configPath: string): void;
  /** No further instance runs any more, and what was to be told is told. */
  stop(): Promise<void>;
}

export interface SideFace {
  log(level: LogLevel, code: LogCode, text: string): void;
  maintenanceChanged(endpoints: ReadonlySet<string>): void;
  readonly suspected: Suspect;
  readonly watchKernel: DirectorMachine['watchKernel'];
}

function mailOf({ virtual, subject, state }: Extract<SideEffect, { kind: 'send-mail' }>) {
  const { to, smtp } = virtual.alert;
  return { to, subject, body: mailBody(virtual, subject, state, hostname()), smtp };
}

const mailerOf = (face: SideFace): ReturnType<typeof createMailer> =>
  createMailer({
    sent: ({ subject }) => face.log('info', 'alert-sent', `emailalert: ${subject}`),
    failed: ({ subject, smtp }, reason) => {
      const way = smtp === undefined ? '' : 'SMTP ';
      const text = `failed to send ${way}email message: ${subject}: ${reason}`;
      face.log('ERROR', 'alert-failed', text);
    },
  });

const serversWatchOf = (face: SideFace): ServerWatch =>
  startServerWatch(face.watchKernel, face.suspected, (reason) =>
    face.log('WARN', 'links-not-watched', `link changes are not seen: ${reason}`),
  );

export function createSideWork(
  instance: Instance,
  first: DirectorConfig,
  face: SideFace,
  switches: IpvsSwitches = ipvsSwitches(),
): SideWork {
  let config = first;
  let isActive = false;
  let instances: Promise<unknown> = Promise.resolve();
  const mailer = mailerOf(face);
  const commands = createCommandQueue(({ line }, reason) =>
    face.log('ERROR', 'command-failed', `command ${line} failed: ${reason}`),
  );
  const monitors = createMonitorFiles(() => localStamp(new Date()));
  const maintenance = watchMaintenance((endpoints) => face.maintenanceChanged(endpoints));
  const servers = serversWatchOf(face);
  const executes = createExecutes(directorCommand(instance), (name, command, exitCode) => {
    const text = `execute: ldirectord ${name} ${command} ended with exit status ${exitCode}`;
    face.log('ERROR', 'instance-failed', text);
  });
  const follow = (isReload: boolean): void => {
    const wanted = isActive ? config.executes : [];
    instances = instances.then(() => executes.configure(wanted, isReload));
    if (isActive && expiryWanted(config)) {
      void turnOnExpiry(switches, (level, code, text) => face.log(level, code, text));
    }
  };
  maintenance.configure(config);
  servers.configure(config, false);
  return {
    carryOut: (effect) => {
      if (effect.kind === 'run-command') {
        commands.run({ line: effect.command, args: effect.args });
      } else if (effect.kind === 'note-check') monitors.write(effect.file, effect.text);
      else mailer.send({ ...mailOf(effect), from: config.alertFrom });
    },
    configure: (next, isReload) => {
      config = next;
      maintenance.configure(next);
      servers.configure(next, isActive);
      follow(isReload);
    },
    setActive: (is) => {
      if (is === isActive) return;
      isActive = is;
      servers.configure(config, is);
      follow(false);
    },
    tellChange: (configPath) => {
      const { callback } = config;
      // A file name and not a line: what stands in it is one word.
      if (callback !== undefined)
        commands.run({ line: '"$0"', args: [configPath], zero: callback });
    },
    stop: async () => {
      maintenance.stop();
      servers.stop();
      isActive = false;
      await Promise.all([
        instances.then(() => executes.stop()),
        mailer.flush(LAST_MAILS_MS),
        monitors.flush(),
      ]);
    },
  };
}
