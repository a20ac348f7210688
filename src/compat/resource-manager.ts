#!/usr/bin/env node
// ResourceManager, with the verbs and exit codes of heartbeat's script of that name. It tells of
// groups whether a daemon runs or not; it moves one only where none runs, because the daemon would
// undo or double what it does not know of.

import { appendFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { ResourceGroup } from '../config/resource-group.js';
import { type Groups, openGroups } from './resource-groups.js';

const USAGE =
  'usage: ResourceManager listkeys machine | takegroup key | givegroup key|status resource';
const EXIT_NOT_RUNNING = 3;
/** An address that was taken is announced five times, 200 ms apart. */
const ANNOUNCEMENTS_MS = 1100;
const RETRIES_DEFAULT = 10;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/** Names are compared as they stand; `.*` means all, which scripts write. */
const isNamed = (group: ResourceGroup, node: string): boolean =>
  node === '.*' || group.preferredNode === node.toLowerCase();

/** As the original prints a line of haresources: with a blank at its end. */
const wordsLine = (group: ResourceGroup): string =>
  group.resources.map((resource) => `${resource.word} `).join('');

async function stopOne(groups: Groups, resource: ResourceGroup['resources'][0]): Promise<boolean> {
  const most = Number(process.env.HA_STOPRETRYMAX ?? RETRIES_DEFAULT);
  for (let retry = 0; ; retry++) {
    const outcome = await groups.run(resource, 'stop');
    if (outcome.kind !== 'failed') return true;
    complain(`ERROR: ${outcome.reason}`);
    if (most > 0 && retry >= most) return !(await groups.isRunning(resource.word));
    await pause(1000);
    complain(`info: Retrying failed stop operation [${resource.word}]`);
  }
}

async function give(groups: Groups, group: ResourceGroup): Promise<number> {
  let isGood = true;
  for (const resource of [...group.resources].reverse()) {
    isGood = (await stopOne(groups, resource)) && isGood;
  }
  return isGood ? 0 : 1;
}

async function take(groups: Groups, group: ResourceGroup): Promise<number> {
  for (const resource of group.resources) {
    if (await groups.isRunning(resource.word)) continue;
    const outcome = await groups.run(resource, 'start');
    if (outcome.kind !== 'failed') continue;
    complain(`ERROR: ${outcome.reason}`);
    complain(`CRIT: Giving up resources due to failure of ${resource.word}`);
    await give(groups, group);
    return 1;
  }
  await pause(ANNOUNCEMENTS_MS);
  return 0;
}

async function runningOf(groups: Groups, group: ResourceGroup): Promise<number> {
  let count = 0;
  for (const { word } of group.resources) if (await groups.isRunning(word)) count++;
  return count;
}

/** Where a daemon runs, a group that is already as it is wanted is no fault; else it is refused. */
async function move(groups: Groups, key: string, isToHold: boolean): Promise<number> {
  const group = groups.all.find((each) => each.key === key);
  // The original does nothing for a key that is in no line.
  if (group === undefined) return 0;
  if (!(await groups.isDaemonRunning())) {
    return isToHold ? take(groups, group) : give(groups, group);
  }
  const count = await runningOf(groups, group);
  if (isToHold ? count === group.resources.length : count === 0) return 0;
  complain('ResourceManager: heartbeat runs here and decides: use hb_takeover or hb_standby');
  return 1;
}

async function tellState(groups: Groups, key: string): Promise<number> {
  const group = groups.all.find((each) => each.key === key);
  const count = group === undefined ? 0 : await runningOf(groups, group);
  const word = count === 0 ? 'NONE' : count === group?.resources.length ? 'ALL' : 'SOME';
  const path = process.env.HA_DEBUGLOG ?? '';
  if (path === '') print(word);
  else await appendFile(path, `${word}\n`);
  return 0;
}

async function verifyIdle(groups: Groups): Promise<number> {
  let active = 0;
  for (const { key } of groups.all) {
    if (!(await groups.isRunning(key))) continue;
    active++;
    complain(`CRITICAL: Resource ${key} is active, and should not be!`);
    complain('CRITICAL: Non-idle resources can affect data integrity!');
    complain("info: If you don't know what this means, then get help!");
  }
  return Math.min(active, 255);
}

async function run(verb: string, subject: string): Promise<number> {
  const groups = await openGroups();
  const own = (each: ResourceGroup): boolean => each.preferredNode === groups.localNode;
  try {
    switch (verb) {
      case 'listkeys':
        for (const each of groups.all) if (isNamed(each, subject)) print(each.key);
        return 0;
      case 'allkeys':
        for (const each of groups.all) print(each.key);
        return 0;
      case 'ourkeys':
        for (const each of groups.all) if (own(each)) print(wordsLine(each));
        return 0;
      case 'otherkeys':
        for (const each of groups.all) if (!own(each)) print(wordsLine(each));
        return 0;
      case 'status':
        return (await groups.isRunning(subject)) ? 0 : EXIT_NOT_RUNNING;
      case 'takegroup':
        return await move(groups, subject, true);
      case 'givegroup':
        return await move(groups, subject, false);
      case 'statgroup':
        return await tellState(groups, subject);
      case 'verifyallidle':
        return await verifyIdle(groups);
      default:
        complain(`${USAGE}\n`);
        return 1;
    }
  } finally {
    groups.close();
  }
}

process.exitCode = await run(process.argv[2] ?? '', process.argv[3] ?? '');
