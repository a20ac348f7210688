// Rules of ha.cf across directives: times against each other, members and heartbeat paths. The
// limits are heartbeat 3.0.6's; where it only fails later, we say so at once.

import type { Duration } from '../base/time.js';
import { type DiagnosticSink, type Span, wholeFile } from './diagnostic.js';
import type { HaConfig } from './ha-config.js';
import { nodesMax } from './ha-directives.js';
import { mediumName } from './ha-media.js';
import type { HaStatement } from './ha-statements.js';
import { timeText } from './ha-values.js';

type Statements = readonly HaStatement[];

/** The last line of the first of `names` that is written; the whole file when none is. */
function lastAt(statements: Statements, ...names: readonly string[]): Span {
  for (const name of names) {
    const found = statements.findLast((each) => each.directive.name === name);
    if (found !== undefined) return found.at;
  }
  return wholeFile;
}

export function judgeTimes(config: HaConfig, statements: Statements, sink: DiagnosticSink): void {
  const { keepalive, deadtime, warntime, initdead, deadping } = config;
  if (keepalive <= 0) {
    sink.error('bad-timing', lastAt(statements, 'keepalive'), 'keepalive must be above 0');
    return;
  }
  if (deadtime <= 2 * keepalive) tooSmall('Dead time', deadtime, 'deadtime');
  if (deadping <= 2 * keepalive && deadping !== deadtime) {
    tooSmall('Ping dead time', deadping, 'deadping');
  }
  if (initdead < deadtime) {
    sink.error(
      'bad-timing',
      lastAt(statements, 'initdead'),
      `initdead [${initdead}] is smaller than deadtime [${deadtime}]`,
      { hint: `write "initdead" with at least ${timeText(deadtime)}` },
    );
  } else if (initdead < 10_000) {
    sink.warning(
      'risky-timing',
      lastAt(statements, 'initdead'),
      `Initial dead time [${initdead} ms] may be too small!`,
      { hint: 'a network that needs longer after a boot makes both nodes take everything' },
    );
  }
  if (warntime < keepalive) {
    sink.warning('risky-timing', lastAt(statements, 'warntime'), 'warntime is below keepalive', {
      hint: 'every heartbeat would be late',
    });
  }
  if (deadtime > 2 * keepalive && deadtime < 3 * keepalive) {
    sink.warning(
      'risky-timing',
      lastAt(statements, 'deadtime', 'keepalive'),
      'deadtime is below three times keepalive: two lost heartbeats are a death',
      { hint: `such as ${timeText((4 * keepalive) as Duration)}` }, // a multiple is a span
    );
  }
  if (warntime >= deadtime) {
    sink.warning(
      'risky-timing',
      lastAt(statements, 'warntime'),
      'warntime is not below deadtime: no late heartbeat is ever seen before the death',
      { hint: `such as ${timeText((deadtime / 2) as Duration)}` }, // half of a span is a span
    );
  }

  function tooSmall(title: string, span: Duration, name: string): void {
    sink.error(
      'bad-timing',
      lastAt(statements, name, 'keepalive'),
      // The original's spelling.
      `${title} [${span}] is too small compared to keeplive [${keepalive}]`,
      { hint: `${name} must be more than twice keepalive: above ${2 * keepalive}ms` },
    );
  }
}

export function judgeCluster(
  config: HaConfig,
  statements: Statements,
  localNodeMissing: 'error' | 'warning',
  sink: DiagnosticSink,
): void {
  judgeNodes(config, statements, localNodeMissing, sink);
  judgeMedia(config, statements, sink);
  for (const statement of statements) {
    const { directive, at, value } = statement;
    const word = value.kind === 'words' ? (value.words[0]?.text ?? '') : '';
    if (directive.name === 'crm' && !/^(off|no|false|n|0)$/i.test(word)) {
      sink.error('crm-refused', at, `${statement.name.text} ${word}: Pacemaker is not supported`, {
        hint: 'remove the line; resources are listed in haresources',
      });
    }
    if (directive.name === 'autojoin' && word !== 'none') {
      sink.error('bad-value', at, `autojoin ${word} is not possible with haresources`, {
        hint: 'name all members in node lines and write "autojoin none"',
      });
    }
  }
}

function judgeNodes(
  config: HaConfig,
  statements: Statements,
  localNodeMissing: 'error' | 'warning',
  sink: DiagnosticSink,
): void {
  const at = lastAt(statements, 'node');
  const { nodes, localNode } = config;
  if (!nodes.includes(localNode)) {
    // The words are those of heartbeat 3.0.6.
    sink[localNodeMissing](
      'local-node-missing',
      at,
      `Current node [${localNode}] not in configuration!`,
      {
        hint: `write "node ${localNode}", or name this machine as the node lines do (uname -n)`,
      },
    );
  }
  const both = config.pingNodes.find((name) => nodes.includes(name.toLowerCase()));
  if (both !== undefined) {
    sink.error(
      'duplicate-node',
      lastAt(statements, 'ping', 'ping6', 'ping_group'),
      `${both} is a node and a ping node`,
    );
  }
  if (nodes.length > nodesMax) {
    sink.error('too-many-members', at, `more than ${nodesMax} nodes`);
  } else if (nodes.length !== 2 && nodes.length > 0) {
    sink.warning('unpaired-cluster', at, `${nodes.length} nodes: resource groups move between two`);
  }
}

function judgeMedia(config: HaConfig, statements: Statements, sink: DiagnosticSink): void {
  const paths = new Set(config.media.map(mediumName));
  if (paths.size === 0) {
    if (statements.some((each) => mediaNames.includes(each.directive.name))) return;
    sink.error('no-media', wholeFile, 'No heartbeat media defined', {
      hint: 'write a line such as "bcast eth1", "serial /dev/ttyS0" or "ucast eth1 10.0.0.2"',
    });
  } else if (paths.size === 1) {
    sink.warning(
      'single-medium',
      lastAt(statements, ...mediaNames),
      'one heartbeat path only: when it fails both nodes take everything',
      { hint: 'add a second, such as a serial cable or another network' },
    );
  }
}

const mediaNames: readonly string[] = ['bcast', 'mcast', 'ucast', 'mcast6', 'ucast6', 'serial'];
