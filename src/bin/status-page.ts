// The status report as people read it at 3 a.m.: the judgement and why first, then nodes and
// paths, resources, services; last what to type next. It prints what the report says and judges
// nothing itself.

import type { JsonObject, JsonValue } from '../runtime/control-socket.js';

const records = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value)
    ? value.filter(
        (each: JsonValue): each is JsonObject => typeof each === 'object' && each !== null,
      )
    : [];
const texts = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? value.map((each: JsonValue) => String(each)) : [];
const word = (value: JsonValue | undefined): string =>
  value === undefined || value === null ? '-' : String(value);

/** `0.4 s`, `00:03:10`, `12 d 04:00`. */
export function ageText(seconds: JsonValue | undefined): string {
  if (typeof seconds !== 'number') return '-';
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const clock = `${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}`;
  return days > 0 ? `${days} d ${clock}` : `${clock}:${two(seconds % 60)}`;
}

/** Columns as wide as their widest cell, two blanks between. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** SGR colours for a terminal; words carry the meaning without them. */
const paints: Readonly<Record<string, string>> = { OK: '32', DEGRADED: '33', CRITICAL: '31' };

function paint(text: string, isColoured: boolean): string {
  const colour = paints[text];
  return isColoured && colour !== undefined ? `\u001b[1;${colour}m${text}\u001b[0m` : text;
}

function nodeRows(report: JsonObject): readonly (readonly string[])[] {
  return records(report.nodes).map((node) => {
    const links = records(node.links)
      .map((link) => {
        const state = word(link.state);
        const age = state === 'dead' ? ` DEAD ${ageText(link.sinceSeconds)}` : ` ${state}`;
        return `${word(link.medium)}${age}`;
      })
      .join(', ');
    const isLocal = node.isLocal === true;
    const state = word(node.state);
    return [
      `${word(node.name)}${isLocal ? '*' : ''}`,
      state === 'dead' ? 'DEAD' : state,
      node.role === 'active' ? 'ACTIVE' : word(node.role),
      isLocal ? '-' : ageText(node.heardSecondsAgo),
      links === '' ? '-' : links,
    ];
  });
}

/** Of a held address: how often it was announced, and what is wrong with it. */
function addressCells(report: JsonObject, resource: JsonValue | undefined): readonly string[] {
  const address = records(report.addresses).find((each) => each.word === resource);
  if (address === undefined) return ['', '', ''];
  const facts: string[] = [];
  const [claim] = records([address.claim ?? null]);
  if (claim !== undefined) {
    const count = `${word(claim.claims)} times, last ${ageText(claim.secondsAgo)} ago`;
    facts.push(`CLAIMED by ${word(claim.mac)} too (${count})`);
  }
  if (address.restored !== 0) facts.push(`put back ${word(address.restored)} times`);
  return [`announced ${word(address.announced)}`, '', facts.join(', ')];
}

function groupRows(report: JsonObject): readonly (readonly string[])[] {
  return records(report.groups).flatMap((group) => {
    const rows: string[][] = [
      [
        `${word(group.key)}`,
        word(group.state),
        `prefers ${word(group.preferredNode)}`,
        ageText(group.sinceSeconds),
        word(group.reason),
      ],
    ];
    for (const resource of records(group.resources)) {
      const about = addressCells(report, resource.word);
      rows.push([`  ${word(resource.word)}`, word(resource.state), ...about]);
    }
    return rows;
  });
}

const administrationWords: Readonly<Record<string, string>> = {
  drain: ', DRAINING',
  drained: ', DRAINED',
  disable: ', DISABLED',
  weight: ', BY HAND',
};

/** What an operator said of a real server: who, when and why. */
function administrationCells(given: JsonValue | undefined): {
  readonly state: string;
  readonly about: string;
} {
  const [said] = records([given ?? null]);
  if (said === undefined) return { state: '', about: '' };
  const reason = said.reason === '' ? '' : `: ${word(said.reason)}`;
  const end = said.until === null ? '' : `, until ${word(said.until)}`;
  return {
    state: administrationWords[word(said.state)] ?? '',
    about: ` [${word(said.state)} by ${word(said.by)}, ${word(said.at)}${end}${reason}]`,
  };
}

/** What its agent said of it, and whether that takes it out. */
function agentCells(given: JsonValue | undefined): {
  readonly state: string;
  readonly about: string;
} {
  const [agent] = records([given ?? null]);
  if (agent === undefined) return { state: '', about: '' };
  const state = word(agent.state);
  const isOut = state === 'drain' || state === 'maint' || state === 'down';
  return { state: isOut ? `, AGENT ${state.toUpperCase()}` : '', about: ` [${word(agent.text)}]` };
}

function serviceRows(director: JsonObject): readonly (readonly string[])[] {
  return records(director.services).flatMap((service) => {
    const reals = records(service.reals);
    const up = reals.filter((real) => real.verdict === 'up').length;
    const rows: string[][] = [
      [word(service.name), word(service.scheduler), `${up}/${reals.length} up`, '', ''],
    ];
    for (const real of reals) {
      const verdict = word(real.verdict);
      const isKept = real.isKept === true;
      const shown = verdict === 'down' ? (isKept ? 'DOWN but kept' : 'DOWN') : verdict;
      const { state, about } = administrationCells(real.administration);
      const agent = agentCells(real.agent);
      const kept = isKept && verdict !== 'down' ? ' but kept' : '';
      rows.push([
        `  -> ${word(real.name)}`,
        `weight ${word(real.weight)}`,
        `${shown}${state}${agent.state}${kept}`,
        ageText(real.sinceSeconds),
        `${word(real.reason)}${about}${agent.about}`,
      ]);
    }
    return rows;
  });
}

function nextSteps(report: JsonObject): string {
  const dead = records(report.nodes).filter((node) => node.state === 'dead');
  const steps: string[] = [];
  if (report.splitSeconds !== null) steps.push('lubdub standby all   # on one node only');
  for (const node of dead) steps.push(`ssh ${word(node.name)} lubdub status`);
  if (report.health !== 'ok') steps.push('lubdub check');
  return steps.length === 0 ? '' : `next: ${steps.join(' | ')}\n`;
}

export function statusPage(report: JsonObject, isColoured: boolean): string {
  const health = word(report.health).toUpperCase();
  const head = `${word(report.node)}  ${word(report.role)}  ${paint(health, isColoured)}`;
  const about = `up ${ageText(report.upSeconds)}, generation ${word(report.generation)}`;
  const findings = texts(report.findings).map((finding) => `  ! ${finding}`);
  const failback = `auto_failback ${word(report.autoFailback)}`;
  const holding = `holding ${word(report.holding)}`;
  const parts = [
    [`${head}   (lubdub ${word(report.version)}, ${about})`, ...findings].join('\n'),
    columns([['NODE', 'STATE', 'ROLE', 'HEARD', 'LINKS'], ...nodeRows(report)]),
    `RESOURCES  ${holding}, ${failback}\n${columns(groupRows(report))}`,
  ];
  for (const director of records(report.directors)) {
    const mode = `${word(director.config)}  ${word(director.mode)}`;
    parts.push(`SERVICES  ${mode}\n${columns(serviceRows(director))}`);
  }
  return `${parts.map((part) => part.trimEnd()).join('\n\n')}\n\n${nextSteps(report)}`;
}

/** One line for a monitoring plug-in. */
export function briefStatus(report: JsonObject): string {
  const groups = records(report.groups);
  const held = groups.filter((group) => group.state === 'held').length;
  const links = records(report.nodes)
    .filter((node) => node.isLocal !== true && node.kind === 'normal')
    .flatMap((node) => records(node.links));
  const up = links.filter((link) => link.state === 'up').length;
  const health = word(report.health).toUpperCase();
  const facts = [
    `${health} ${word(report.node)}`,
    `role=${word(report.role)}`,
    `groups=${held}/${groups.length}`,
    `paths=${up}/${links.length}`,
    ...texts(report.findings).slice(0, 1),
  ];
  return `${facts.join(' ')}\n`;
}
