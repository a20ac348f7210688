// Steps of the recorded scenarios that end otherwise here, on purpose. Each scenario has a sentence
// that says what we do; docs/differences.md has the reasons for the operator. Recorded faults of
// ldirectord are all here, also where nothing can be told from the table in the end.

import type { RecordedCommand, RecordedExpectation, RecordedStep } from './ldirectord-recorded.js';

export interface ChangedExpectation extends RecordedExpectation {
  /** Parts of lines that the log of the step must not have. */
  readonly neverLogged?: readonly string[];
  /** Of commands the exit status alone is compared: the texts are our own. */
  readonly hasOwnWords?: boolean;
}

export interface ChangedStep extends RecordedStep {
  readonly expect: ChangedExpectation;
}

export interface Difference {
  readonly claim: string;
  /** By index of the step, what is expected in place of what was recorded. */
  readonly steps: Readonly<Record<number, Partial<ChangedExpectation>>>;
}

const RUNS = { daemon: true, pidfile: true } as const;
const GONE = { daemon: false, pidfile: false } as const;

/** The table of one tcp service with real servers given as `ADDRESS:PORT -m -w 1`. */
const tcp = (service: string, ...reals: readonly string[]): readonly string[] => [
  `-A -t ${service}`,
  ...reals.map((real) => `-a -t ${service.replace(/ .*/, '')} -r ${real}`),
];

const command = (
  argv: string,
  exit: number,
  stderr: readonly string[] = [],
  stdout: readonly string[] = [],
): RecordedCommand => ({ argv: ['@LDIRECTORD@', '@DIR@/lab.cf', argv], exit, stdout, stderr });

const RUNNING = 'ldirectord for @DIR@/lab.cf is running with pid: @PID@';
const STOPPED = 'ldirectord is stopped for @DIR@/lab.cf';
const status = command('status', 0, [RUNNING]);
const isStopped = command('status', 3, [], [STOPPED]);
const NO_ORACLE =
  '5: the real servers of 10.21.13.100:1521 cannot be asked: no check speaks oracle';
const refused = (message: string): RecordedCommand =>
  command('start', 2, [`Error [@PID@] reading file @DIR@/lab.cf at line ${message}`]);

/** A step of a command on a daemon that goes on: the log of the fault is not wanted. */
const asked = (...commands: readonly RecordedCommand[]): Partial<ChangedExpectation> => ({
  ...RUNS,
  commands,
  log: [],
});

const repaired = 'changes by others to our services are put right within a round';

const tables: Readonly<Record<string, Difference>> = {
  'manual-delete-not-noticed': {
    claim: repaired,
    steps: {
      1: {
        ipvs: tcp('10.25.8.100:80 -s wrr', '10.25.8.11:80 -m -w 1', '10.25.8.12:80 -m -w 1'),
      },
    },
  },
  'manual-delete-quiescent-readd': {
    claim: `${repaired}; an entry with weight 0 stays deleted`,
    steps: {
      1: {
        ipvs: tcp('10.25.9.100:80 -s wrr', '10.25.9.11:80 -m -w 1', '10.25.9.12:80 -m -w 1'),
      },
      2: { log: ['Quiescent real server: 10.25.9.11:80 (10.25.9.100:80) (Weight set to 0)'] },
    },
  },
  'manual-weight-change': {
    claim: repaired,
    steps: {
      1: {
        ipvs: tcp('10.25.10.100:80 -s wrr', '10.25.10.11:80 -m -w 1', '10.25.10.12:80 -m -w 1'),
      },
      2: { log: [] },
    },
  },
  'stop-gone-service': {
    claim: repaired,
    steps: {
      1: {
        ipvs: tcp('10.26.3.100:80 -s wrr', '10.26.3.11:80 -m -w 1', '10.26.3.12:80 -m -w 1'),
      },
    },
  },
  'scheduler-unknown': {
    claim: 'a service that the kernel refuses is told and costs no other one a real server',
    steps: {
      0: {
        hasOwnWords: true,
        ipvs: tcp('10.23.3.101:80 -s rr', '10.23.3.11:80 -m -w 1', '10.23.3.12:80 -m -w 1'),
        log: ['Added virtual server: 10.23.3.101:80'],
      },
      1: { log: ['Purged virtual server (stop): 10.23.3.101:80'] },
    },
  },
  'shared-real-down-at-start': {
    claim: 'of a dead real server each virtual service gets its entry with weight 0',
    steps: {
      0: {
        ipvs: [
          ...tcp('10.25.5.100:80 -s wrr', '10.25.5.11:80 -m -w 0'),
          ...tcp('10.25.5.101:80 -s wrr', '10.25.5.11:80 -m -w 0'),
        ],
        log: [],
      },
    },
  },
  'gate-port-forced-quiescent': {
    claim: 'a gate real server with a port of its own comes back',
    steps: {
      0: {
        ipvs: tcp('10.23.12.100:80 -s wrr', '10.23.12.11:80 -g -w 1', '10.23.12.12:80 -g -w 1'),
      },
      2: {
        ipvs: tcp('10.23.12.100:80 -s wrr', '10.23.12.11:80 -g -w 1', '10.23.12.12:80 -g -w 1'),
      },
    },
  },
  'checktype-off': {
    claim: 'off brings in neither real servers nor the fallback server, as the manual says',
    steps: { 0: { ipvs: tcp('10.22.9.100:80 -s wrr'), log: [] } },
  },
  'fallback-global-fwmark': {
    claim: 'a global fallback server works for a firewall mark',
    steps: {
      0: { log: ['Added real server: 10.24.8.11:80 (9) (Weight set to 1)'] },
      1: { ipvs: ['-A -f 9 -s wrr', '-a -f 9 -r 127.0.0.1:80 -g -w 1'], log: [] },
    },
  },
  'virtual-without-port-is-fwmark': {
    claim: 'an address without a port is refused',
    steps: {
      0: {
        ...GONE,
        ipvs: [],
        commands: [refused('5: invalid address for virtual server')],
        log: [],
      },
      1: { log: [] },
    },
  },
  'failurecount-shared-real': {
    claim: 'one failed check of a shared real server counts once',
    steps: {
      1: {
        log: [
          'Soft failure real server: 10.25.2.11:80 (tcp:10.25.2.100:80) failure 1/4',
          'Soft failure real server: 10.25.2.11:80 (tcp:10.25.2.100:80) failure 2/4',
          'Soft failure real server: 10.25.2.11:80 (tcp:10.25.2.100:80) failure 3/4',
        ],
      },
    },
  },
  'quiescent-default-is-no': {
    claim: 'quiescent is off where nothing is written, as files in the field rely on',
    steps: {},
  },
  'cleanstop-no': {
    claim: 'a start over left-over entries takes no real server out of the table',
    steps: { 2: { log: [], neverLogged: ['Deleted real server'] } },
  },
  'fork-reload': {
    claim: 'a stop purges what is in the table, and nothing twice',
    steps: {
      3: { log: ['Purged virtual server (stop): 10.28.2.100:80'], neverLogged: ['failed'] },
    },
  },
  'duplicate-real': {
    claim: 'a real server that stands there twice is purged once',
    steps: {
      3: { log: ['Purged virtual server (stop): 10.23.21.100:80'], neverLogged: ['failed'] },
    },
  },
  fork: {
    claim: 'fork=yes changes each shared real server once for each virtual service',
    steps: { 1: { neverLogged: ['failed', 'refused'] } },
  },
};

const reloads: Readonly<Record<string, Difference>> = {
  'reload-command-bad-config': {
    claim: 'a daemon with a bad file is reached, says so, and is stopped',
    steps: {
      1: { pidfile: true, hasOwnWords: true, log: [] },
      2: { ...asked(status), hasOwnWords: true },
      3: {
        ...GONE,
        hasOwnWords: true,
        ipvs: [],
        commands: [status, command('stop', 0)],
        log: [],
      },
      4: { log: [] },
    },
  },
  'sighup-bad-config': {
    claim: 'health checking goes on after a bad reload',
    steps: {
      2: { ipvs: tcp('10.27.10.100:80 -s rr', '10.27.10.11:80 -m -w 1') },
      3: { ipvs: tcp('10.27.10.100:80 -s rr') },
      4: { log: ['Purged virtual server (stop): 10.27.10.100:80'] },
    },
  },
  'reload-fallback-active': {
    claim: 'a reload touches and logs only what differs',
    steps: { 2: { log: [] } },
  },
  'reload-add-remove-virtual': {
    claim: 'a new virtual service takes no real server out of another one',
    steps: {
      1: { log: ['Added virtual server: 10.27.3.101:80'], neverLogged: ['(10.27.3.100:80)'] },
    },
  },
  'reload-gate-port-forced': {
    claim: 'a reload leaves gate real servers with a port of their own alone',
    steps: { 1: { log: [], neverLogged: ['Deleted real server', 'Added real server', 'Purged'] } },
  },
  'reload-unchanged-with-deleted': {
    claim: 'a reload lets no dead real server in',
    steps: { 2: { log: [], neverLogged: ['Added real server'] } },
  },
  'reload-unchanged-with-quiesced': {
    claim: 'a reload gives no dead real server its weight',
    steps: { 2: { log: [], neverLogged: ['Restored real server'] } },
  },
};

const checks: Readonly<Record<string, Difference>> = {
  'https-self-signed': {
    claim: 'a self-signed certificate is up; plain text on the port is down',
    steps: {
      0: {
        ipvs: tcp('10.20.20.100:443 -s wrr', '10.20.20.11:443 -m -w 1', '10.20.20.12:443 -m -w 1'),
        log: [],
      },
      1: { ipvs: tcp('10.20.20.100:443 -s wrr', '10.20.20.12:443 -m -w 1') },
      2: {
        ipvs: tcp('10.20.20.100:443 -s wrr', '10.20.20.11:443 -m -w 1', '10.20.20.12:443 -m -w 1'),
      },
      3: { ipvs: tcp('10.20.20.100:443 -s wrr', '10.20.20.11:443 -m -w 1') },
    },
  },
  imaps: {
    claim: 'a self-signed certificate is up, and a closed port down',
    steps: {
      0: {
        ipvs: tcp('10.21.6.100:993 -s wrr', '10.21.6.11:993 -m -w 1', '10.21.6.12:993 -m -w 1'),
        log: [],
      },
      1: { ipvs: tcp('10.21.6.100:993 -s wrr', '10.21.6.12:993 -m -w 1') },
      2: {
        ipvs: tcp('10.21.6.100:993 -s wrr', '10.21.6.11:993 -m -w 1', '10.21.6.12:993 -m -w 1'),
      },
    },
  },
  'pops-login': {
    claim: 'a self-signed certificate is up, and a refused login down',
    steps: {
      0: {
        ipvs: tcp('10.21.4.100:995 -s wrr', '10.21.4.11:995 -m -w 1', '10.21.4.12:995 -m -w 1'),
        log: [],
      },
      1: { ipvs: tcp('10.21.4.100:995 -s wrr', '10.21.4.12:995 -m -w 1') },
    },
  },
  'pop-no-login': {
    claim: 'without a login the greeting is the check: a closed port is down',
    steps: {
      1: { ipvs: tcp('10.21.3.100:110 -s wrr', '10.21.3.12:110 -m -w 1') },
      2: { log: ['Purged real server (stop): 10.21.3.12:110 (10.21.3.100:110)'] },
    },
  },
  'radius-no-route': {
    claim: 'a real server without a route is down, and the others are looked after',
    steps: {
      0: {
        ...RUNS,
        ipvs: [
          '-A -u 10.21.23.100:1812 -s wrr',
          '-a -u 10.21.23.100:1812 -r 10.21.23.11:1812 -m -w 1',
        ],
        log: ['Added real server: 10.21.23.11:1812 (10.21.23.100:1812) (Weight set to 1)'],
      },
      1: {
        ...asked(status),
        ipvs: [
          '-A -u 10.21.23.100:1812 -s wrr',
          '-a -u 10.21.23.100:1812 -r 10.21.23.11:1812 -m -w 1',
        ],
      },
    },
  },
  'oracle-driver-missing': {
    claim: 'oracle is refused at the start, with what to write instead',
    steps: {
      0: { ...GONE, ipvs: [], commands: [refused(NO_ORACLE)], log: [] },
      1: { ...GONE, ipvs: [], commands: [isStopped], log: [] },
    },
  },
  'external-command-with-arguments': {
    claim: 'a command that cannot be executed is down',
    steps: { 0: { log: ['Added virtual server: 10.22.6.100:80'] } },
  },
  'external-killed-by-signal': {
    claim: 'a check that dies by a signal is down',
    steps: {
      1: { ipvs: tcp('10.22.5.100:80 -s wrr', '10.22.5.12:80 -m -w 1') },
      2: { log: ['Purged real server (stop): 10.22.5.12:80 (10.22.5.100:80)'] },
    },
  },
  'http-broken-receive-regex': {
    claim: 'a broken pattern fails the check and not the daemon',
    steps: {
      0: { ...RUNS, ipvs: tcp('10.20.23.100:80 -s wrr') },
      1: { ...asked(status), ipvs: tcp('10.20.23.100:80 -s wrr') },
    },
  },
  'http-per-real-override': {
    claim: 'a request with a slash in front keeps its pair',
    steps: {},
  },
  'real-request-leading-slash': {
    claim: 'a request with a slash in front keeps its pair',
    steps: {
      0: { ipvs: tcp('10.20.22.100:80 -s wrr'), log: [] },
      1: { ipvs: tcp('10.20.22.100:80 -s wrr', '10.20.22.11:80 -m -w 4'), log: [] },
      2: { log: ['Purged real server (stop): 10.20.22.11:80 (10.20.22.100:80)'] },
    },
  },
  'ipv6-http-module-missing': {
    claim: 'IPv6 needs nothing more',
    steps: {
      0: { ...RUNS, ipvs: tcp('[fd23:18::100]:80 -s wrr', '[fd23:18::11]:80 -g -w 1'), log: [] },
      1: {
        ...asked(status),
        ipvs: tcp('[fd23:18::100]:80 -s wrr', '[fd23:18::11]:80 -g -w 1'),
      },
      2: { ...GONE, ipvs: [], commands: [command('stop', 0)], log: [] },
    },
  },
};

/** Words that are the original's own prose. */
const words: Readonly<Record<string, Difference>> = {
  commands: {
    claim: 'exit codes and messages are the original ones, usage and version texts our own',
    steps: { 8: { hasOwnWords: true } },
  },
};

export const differences: Readonly<Record<string, Difference>> = {
  ...tables,
  ...reloads,
  ...checks,
  ...words,
};

/** What is expected of a step here; a table that has to change gets the usual time for it. */
export function changedStep(name: string, index: number, step: RecordedStep): ChangedStep {
  const change = differences[name]?.steps[index];
  if (change === undefined) return step;
  const { stable_s: _, ...timeless } = step;
  const kept = change.ipvs === undefined ? step : { ...timeless, within_s: 20 };
  return { ...kept, expect: { ...step.expect, ...change } };
}
