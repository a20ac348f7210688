// Command lines as getopt(3) of the C library reads them: options anywhere, several behind one
// dash, its messages on standard error. The classic commands must not refuse what scripts write.

export interface Options {
  /** By letter; an option without a value has the empty text. */
  readonly given: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  /** Faults in getopt's words, in order; each stands where getopt gives a question mark. */
  readonly faults: readonly string[];
}

/** `letters` as for getopt: a colon behind a letter means that it takes a value. */
export function parseOptions(command: string, letters: string, words: readonly string[]): Options {
  const given = new Map<string, string>();
  const operands: string[] = [];
  const faults: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      operands.push(...rest.splice(0));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word.charAt(at);
      const known = letter === ':' ? -1 : letters.indexOf(letter);
      if (known < 0) {
        faults.push(`${command}: invalid option -- '${letter}'`);
        continue;
      }
      if (letters.charAt(known + 1) !== ':') {
        given.set(letter, '');
        continue;
      }
      const value = at + 1 < word.length ? word.slice(at + 1) : rest.shift();
      if (value === undefined) {
        faults.push(`${command}: option requires an argument -- '${letter}'`);
      } else given.set(letter, value);
      break;
    }
  }
  return { given, operands, faults };
}
