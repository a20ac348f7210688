// Names in ldirectord.cf: hosts, services, paths. The parser asks for them by this face and never
// waits; the edge first lets it run to see what it asks for, resolves that, and parses again.

export interface NameLookup {
  /** Canonical address; undefined when the name has none of that family. */
  host(name: string, family: 4 | 6): string | undefined;
  /** Of the services file; undefined when it is not listed. */
  service(name: string, protocol: 'tcp' | 'udp' | 'any'): number | undefined;
  /** Of this machine, for default login names. */
  readonly hostName: string;
  /** Why a file cannot be appended to; undefined when it can. */
  fileFault(path: string): string | undefined;
  /** Why a folder cannot be used; undefined when it can. */
  folderFault(path: string): string | undefined;
}

export interface NeededNames {
  /** `4 name` or `6 name`. */
  readonly hosts: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

export interface RecordingLookup extends NameLookup, NeededNames {}

/** More names than any farm has; bounds what a hostile file can make the resolver do. */
export const namesMax = 2000;

/** Answers nothing useful and remembers what was asked. */
export function createRecordingLookup(): RecordingLookup {
  const hosts = new Set<string>();
  const files = new Set<string>();
  const folders = new Set<string>();
  const note = (set: Set<string>, key: string): undefined => {
    if (set.size < namesMax) set.add(key);
    return undefined;
  };
  return {
    hosts,
    files,
    folders,
    hostName: '',
    host: (name, family) => note(hosts, `${family} ${name}`),
    // A port is needed to go on; which one does not matter here.
    service: () => 1,
    fileFault: (path) => note(files, path),
    folderFault: (path) => note(folders, path),
  };
}
