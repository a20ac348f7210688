// Stands the scenario up and plays its nine steps; the demo and the lab test differ only in how
// they tell of it.

import { ArpCapture } from '../arp-capture.js';
import { pace as measurePace } from '../pace.js';
import { Probe } from '../probe.js';
import { type Overrides, outsideVip, ThesisCluster } from './cluster.js';
import { playSteps, type Scenario, type Step, type StepResult } from './scenario.js';
import { cablesStep, killedStep } from './steps-faults.js';
import { allServersStep, coldStartStep, ftpStep, oneServerStep } from './steps-service.js';
import { powerLossStep, returnStep, standbyStep } from './steps-takeover.js';

export const thesisSteps: readonly Step[] = [
  coldStartStep,
  oneServerStep,
  allServersStep,
  powerLossStep,
  returnStep,
  standbyStep,
  cablesStep,
  killedStep,
  ftpStep,
];

/** What the directors are configured with, for a machine of a given pace. */
export function timingsFor(pace: number): { overrides: Overrides; deadtimeMs: number } {
  // An emulated machine of two processors does not keep beats of 100 ms apart under load, and half
  // a dead time has to be enough for a successor, which takes seconds there and 50 ms on the host.
  if (pace > 3) {
    const overrides = { keepalive: '200ms', warntime: '3', deadtime: '10', initdead: '15' };
    return { overrides, deadtimeMs: 10_000 };
  }
  return { overrides: {}, deadtimeMs: 1000 };
}

export interface Tell {
  say(text: string): void;
  onResult(step: Step, result: StepResult): void;
}

/** Plays the scenario on a fresh cluster and takes the cluster down again. */
export async function playThesis(tell: Tell, steps = thesisSteps): Promise<StepResult[]> {
  const pace = await measurePace();
  const { overrides, deadtimeMs } = timingsFor(pace);
  const cluster = await ThesisCluster.build(overrides);
  try {
    tell.say(`the cluster stands (this machine is ${pace.toFixed(1)} times slower than usual)`);
    const outsideArp = await ArpCapture.start(cluster.client, 'eth1');
    const insideArp = await ArpCapture.start(cluster.lab.host('penguin1'), 'eth0');
    const slow = pace > 3;
    const probe = await Probe.start(cluster.client, {
      address: outsideVip,
      intervalMs: slow ? 25 : 5,
      limitMs: slow ? 4000 : 800,
    });
    const scenario: Scenario = {
      cluster,
      probe,
      outsideArp,
      insideArp,
      pace,
      deadtimeMs,
      say: tell.say,
    };
    return await playSteps(scenario, steps, tell.onResult);
  } finally {
    await cluster.close();
  }
}
