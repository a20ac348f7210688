// What clients can ask about, as it is at the moment of the question.

export interface LinkFacts {
  readonly name: string;
  readonly state: 'up' | 'dead';
}

export interface NodeFacts {
  readonly name: string;
  readonly kind: 'normal' | 'ping';
  readonly state: 'init' | 'up' | 'active' | 'dead' | 'ping';
  /** 16 bytes; undefined for ping nodes and for nodes never heard. */
  readonly uuid: Uint8Array | undefined;
  readonly links: readonly LinkFacts[];
}

export interface ClientFacts {
  /** In the order in which heartbeat 3.0.6 lists them. */
  readonly nodes: readonly NodeFacts[];
  /** `none`, `local`, `foreign`, `all` or `transition`. */
  readonly resources: string;
}

/** What does not change while the daemon runs. */
export interface ClientSetting {
  readonly localNode: string;
  readonly deadtimeMs: number;
  readonly keepaliveMs: number;
  /** The number of a syslog facility; 0 for none, as 3.0.6 answers. */
  readonly logfacility: number;
  readonly version: string;
  /** By name of the directive, as ha.cf has it or by default. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Clients of 3.0.6 that are part of this daemon: they count as signed on. */
  readonly builtIn: readonly string[];
  /** The uid of heartbeat's own user, which may watch all messages as root may. */
  readonly ownUid: number | undefined;
}
