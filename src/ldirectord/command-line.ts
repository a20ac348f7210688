// The classic command line of ldirectord 4.12, with its exit codes for what it does not understand,
// and our own long options for labs and for heartbeat.

export const COMMANDS = [
  'start',
  'stop',
  'restart',
  'try-restart',
  'reload',
  'force-reload',
  'status',
] as const;

export type DirectorCommand = (typeof COMMANDS)[number];

export type CommandLine =
  | {
      readonly kind: 'command';
      readonly command: DirectorCommand;
      /** CONFIG as typed; undefined when left out. */
      readonly config: string | undefined;
      readonly isDebug: boolean;
      readonly isWarm: boolean;
      /** Of reload: print what would change, and change nothing. */
      readonly isDryRun: boolean;
      readonly runDir: string | undefined;
      readonly stateDir: string | undefined;
      readonly configDir: string | undefined;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'usage'; readonly fault: string };

/** The original's two lines first; scripts that grep the synopsis find it. */
export const USAGE = `Usage:
    ldirectord [-d|--debug] [--] [configfile] start | stop | restart |
    try-restart | reload | force-reload | status

    ldirectord [-h|-?|--help|-v|--version]

Options:
    -d, --debug        stay in the foreground and log to stderr
    --dry-run          behind reload: print what would change as ipvsadm lines, change nothing
    --warm             check the real servers, but leave the table alone until told otherwise
    --config-dir DIR   look for configfile here first (default /etc/ha.d)
    --run-dir DIR      for the control socket and the pid file (default /run/lubdub, and
                       /var/run for the pid file)
    --state-dir DIR    for what operators said of real servers (default /var/lib/lubdub)
    -h, -?, --help     this text
    -v, --version      the version

Examples:
    ldirectord ldirectord.cf start
    ldirectord -d /etc/ha.d/ldirectord.cf start
    ldirectord ldirectord.cf reload --dry-run
    ldirectord ldirectord.cf reload && ldirectord ldirectord.cf status

Exit status: 0 done or running, 1 failed, 2 the configuration is wrong, 3 stopped, 255 usage.
`;

interface Options {
  isDebug: boolean;
  isWarm: boolean;
  runDir: string | undefined;
  stateDir: string | undefined;
  configDir: string | undefined;
}

/** Options come first; with one word it is the command, with two CONFIG and the command. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const options: Options = {
    isDebug: false,
    isWarm: false,
    runDir: undefined,
    stateDir: undefined,
    configDir: undefined,
  };
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    const folder = FOLDERS[word];
    if (folder !== undefined) {
      const value = argv[++at];
      if (value === undefined) return { kind: 'usage', fault: `${word} needs a folder` };
      options[folder] = value;
      continue;
    }
    const taken = takeOption(word, options);
    if (taken !== undefined) return taken;
  }
  return takeWords(argv.slice(at), options);
}

function takeOption(word: string, options: Options): CommandLine | undefined {
  if (word === '--warm') {
    options.isWarm = true;
    return undefined;
  }
  const letters = word.startsWith('--') ? (LONG[word] ?? '!') : word.slice(1);
  for (const letter of letters) {
    if (letter === 'd') options.isDebug = true;
    else if (letter === 'h' || letter === '?') return { kind: 'help' };
    else if (letter === 'v') return { kind: 'version' };
    else return { kind: 'usage', fault: `unknown option ${word}` };
  }
  return undefined;
}

const FOLDERS: Readonly<Record<string, 'runDir' | 'stateDir' | 'configDir'>> = {
  '--run-dir': 'runDir',
  '--state-dir': 'stateDir',
  '--config-dir': 'configDir',
};

const LONG: Readonly<Record<string, string>> = {
  '--debug': 'd',
  '--help': 'h',
  '--version': 'v',
};

function takeWords(given: readonly string[], options: Options): CommandLine {
  // Behind the command, where people write it; the original has no option there.
  const words = given.filter((word) => word !== '--dry-run');
  const isDryRun = words.length < given.length;
  const [first, second] = words;
  if (first === undefined) return { kind: 'usage', fault: 'no command' };
  const config = second === undefined ? undefined : first;
  const name = second ?? first;
  const command = COMMANDS.find((one) => one === name);
  if (command === undefined) return { kind: 'usage', fault: `unknown command ${name}` };
  if (isDryRun && command !== 'reload' && command !== 'force-reload') {
    return { kind: 'usage', fault: `--dry-run is an option of reload, not of ${name}` };
  }
  return { kind: 'command', command, config, isDryRun, ...options };
}
