#!/usr/bin/env node
// The command `lubdub`: names the sub-commands and hands over to them. Each is loaded only when it
// is called, because a command that asks a daemon one question should not load a cluster.

import { Command, Option } from 'commander';
import { version } from '../runtime/version.js';
import { addDirectorCommands } from './director-commands.js';

const defaults = {
  configDir: '/etc/ha.d',
  stateDir: '/var/lib/lubdub',
  runDir: '/run/lubdub',
} as const;

interface PathOptions {
  readonly configDir: string;
  readonly stateDir: string;
  readonly runDir: string;
}

/** EX_USAGE of sysexits(3): the command line itself was wrong. */
const EXIT_USAGE = 64;

const setExit = (code: number): void => {
  process.exitCode = code;
};

const runDirOption = (): Option =>
  new Option('--run-dir <dir>', 'folder of sockets and pid files')
    .env('LUBDUB_RUN_DIR')
    .default(defaults.runDir);
const configDirOption = (): Option =>
  new Option('--config-dir <dir>', 'folder of ha.cf, haresources and authkeys').default(
    defaults.configDir,
  );

function addHeartbeat(program: Command): void {
  program
    .command('heartbeat')
    .description('run the heartbeat daemon under its keeper')
    .option('--foreground', 'stay in the foreground, log to standard error as well')
    .option('--stop', 'stop the running daemon in order and wait until it has gone')
    .option('--release', 'give up what a daemon killed with its keeper left behind')
    .addOption(configDirOption())
    .option('--state-dir <dir>', 'folder of generation and uuid', defaults.stateDir)
    .addOption(runDirOption())
    .addHelpText(
      'after',
      `
Examples:
  lubdub heartbeat                          start, with the files of /etc/ha.d
  lubdub heartbeat --foreground --config-dir ./ha.d
  lubdub heartbeat --stop                   hand everything to the peer and end

Exit status: 0 started or stopped, 1 failed, 2 the configuration does not allow a start.`,
    )
    .action(async (options: PathOptions & HeartbeatOptions) => {
      const { runHeartbeatCommand } = await import('./heartbeat-command.js');
      setExit(await runHeartbeatCommand(options));
    });
}

interface HeartbeatOptions {
  readonly foreground?: boolean;
  readonly stop?: boolean;
  readonly release?: boolean;
}

function addDirector(program: Command): void {
  program
    .command('ldirectord')
    .description('run or command the health checker: [-d] [CONFIG] start|stop|reload|status ...')
    .argument('[words...]', 'as ldirectord takes them')
    .allowUnknownOption()
    .helpOption(false)
    .action(async () => {
      const { runLdirectordCommand } = await import('../ldirectord/ldirectord-command.js');
      const words = process.argv.slice(process.argv.indexOf('ldirectord') + 1);
      setExit(await runLdirectordCommand(words, process.env));
    });
}

function addStatus(program: Command): void {
  program
    .command('status')
    .description('say who is active, what is down and why')
    .option('--json', 'the same as one JSON object (schema lubdub/status/v1)')
    .option('--brief', 'one line')
    .addOption(runDirOption())
    .addHelpText(
      'after',
      `
Examples:
  lubdub status
  lubdub status --json | jq .groups

Exit status: 0 all is well, 1 degraded, 2 critical, 3 the daemon cannot be reached.`,
    )
    .action(async (options: { json?: boolean; brief?: boolean; runDir: string }) => {
      const { runStatus } = await import('./status-command.js');
      setExit(await runStatus(options));
    });
}

function addMoves(program: Command): void {
  const words = '[all|local|foreign|failback]';
  for (const [name, says] of [
    ['standby', 'give resources of this node to the peer and wait until it has them'],
    ['takeover', 'take resources from the peer and wait until this node has them'],
  ] as const) {
    program
      .command(name)
      .argument(words, 'which resources, seen from this node', 'all')
      .description(says)
      .option('--timeout <seconds>', 'give up waiting after this', '60')
      .addOption(runDirOption())
      .addHelpText(
        'after',
        `
Examples:
  lubdub ${name}              every resource group
  lubdub ${name} local        only groups that prefer this node
  lubdub ${name} foreign      only the others

Exit status: 0 done, 1 refused or not in time, 3 the daemon cannot be reached.`,
      )
      .action(async (selection: string, options: { runDir: string; timeout: string }) => {
        const { runMove } = await import('./move-command.js');
        setExit(await runMove(name, selection, options));
      });
  }
}

function addAnnounce(program: Command): void {
  program
    .command('announce')
    .argument('<vip>', 'an address that this node holds, or all')
    .description('announce a held address to its segment again (gratuitous ARP, IPv6 likewise)')
    .addOption(runDirOption())
    .addHelpText(
      'after',
      `
Examples:
  lubdub announce 10.142.85.64
  lubdub announce all

Exit status: 0 announced, 1 not held here, 3 the daemon cannot be reached.`,
    )
    .action(async (vip: string, options: { runDir: string }) => {
      const { runAnnounce } = await import('./announce-command.js');
      setExit(await runAnnounce(vip, options));
    });
}

interface CheckWords {
  readonly configDir?: string;
  readonly strict?: boolean;
  readonly machine?: boolean;
  readonly runDir: string;
}

function addCheck(program: Command): void {
  program
    .command('check')
    .description('judge configuration files: every fault with its place and what to write')
    .argument('[files...]', 'ha.cf, haresources, authkeys or an ldirectord.cf')
    .option('--config-dir <dir>', 'judge all files of a folder (default /etc/ha.d without FILES)')
    .option('--strict', 'warnings make the exit status 1')
    .option('--machine', 'look at this machine and ask its daemon too (default without the others)')
    .addOption(runDirOption())
    .addHelpText(
      'after',
      `
Examples:
  lubdub check
  lubdub check --config-dir ./ha.d
  lubdub check --config-dir ./ha.d --machine
  lubdub check ldirectord.cf --strict

Exit status: 0 valid, 1 warnings with --strict, 2 invalid, 3 a file cannot be read.`,
    )
    .action(async (files: string[], options: CheckWords) => {
      const { runCheck } = await import('./check.js');
      const write = (text: string): void => void process.stdout.write(text);
      const configDir = options.configDir ?? (files.length === 0 ? defaults.configDir : undefined);
      setExit(
        await runCheck({
          ...(configDir === undefined ? {} : { configDir }),
          files,
          strict: options.strict === true,
          machine: options.machine ?? (files.length === 0 && options.configDir === undefined),
          runDir: options.runDir,
          write,
        }),
      );
    });
}

function addConfig(program: Command): void {
  const config = program.command('config').description('look at configuration files');
  config
    .command('show')
    .description('print what an ldirectord.cf means: defaults filled in, names resolved')
    .argument('<file>', 'an ldirectord.cf')
    .option('--json', 'as one JSON object; the only form there is')
    .addHelpText(
      'after',
      `
Examples:
  lubdub config show --json ldirectord.cf
  lubdub config show --json ldirectord.cf | jq '.virtual[].real[].url'

Exit status: 0 shown, 2 the file has errors, 3 it cannot be read.`,
    )
    .action(async (path: string) => {
      const { runConfigShow } = await import('./config-command.js');
      const write = (text: string): void => void process.stdout.write(text);
      const complain = (text: string): void => void process.stderr.write(text);
      setExit(await runConfigShow({ path, write, complain }));
    });
}

function addWire(program: Command): void {
  const wire = program.command('wire').description('look at captured heartbeat messages');
  wire
    .command('decode')
    .description('print fields and verdict of messages on standard input, one a line')
    .requiredOption('--authkeys <file>', 'the keys that the messages should be signed with')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
A line is one message in base64 or hexadecimal; for serial lines the string frame from >>> on.

Examples:
  lubdub wire decode --authkeys /etc/ha.d/authkeys < messages
  echo 'Pj4+CnQ9c3RhdHVz...' | lubdub wire decode --authkeys authkeys --json

Exit status: 0 all lines were read, 2 the keys are not valid, 3 they cannot be read.`,
    )
    .action(async (options: { authkeys: string; json?: boolean }) => {
      const { runWireDecode } = await import('./wire-decode.js');
      const write = (text: string): void => void process.stdout.write(text);
      setExit(
        await runWireDecode({
          authkeysPath: options.authkeys,
          json: options.json === true,
          input: process.stdin,
          write,
        }),
      );
    });
}

function addCompat(program: Command): void {
  const compat = program.command('compat').description('the classic command names');
  compat
    .command('install')
    .argument('<dir>', 'folder to link heartbeat, ldirectord, cl_status, ... into')
    .description('link the classic names into a folder; an existing file is never overwritten')
    .addHelpText(
      'after',
      `
Examples:
  lubdub compat install /usr/local/sbin

Exit status: 0 linked, 1 a name exists already and nothing was linked, 2 no such folder.`,
    )
    .action(async (dir: string) => {
      const { runCompatInstall } = await import('./compat-install.js');
      setExit(await runCompatInstall(dir));
    });
}

const program = new Command('lubdub');
program
  .description('High-availability pair of Linux Virtual Server directors')
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError('(lubdub --help lists the commands)')
  .addHelpText(
    'after',
    '\nExit status: of each command in its --help; 64 the command line is wrong.',
  )
  .exitOverride();
addHeartbeat(program);
addDirector(program);
addStatus(program);
addMoves(program);
addAnnounce(program);
addDirectorCommands(program);
addCheck(program);
addConfig(program);
addWire(program);
addCompat(program);

try {
  await program.parseAsync();
} catch (cause) {
  // commander has printed its message; 0 is --help and --version.
  const isShown = cause instanceof Error && 'exitCode' in cause;
  if (!isShown) process.stderr.write(`lubdub: ${cause instanceof Error ? cause.message : cause}\n`);
  process.exitCode = isShown && cause.exitCode === 0 ? 0 : isShown ? EXIT_USAGE : 1;
}
