// What a haresources line says: a node and the resources that move together. The text form is in
// haresources.ts; who holds a group and when is the cluster engine's affair.

/**
 * `on`: a group returns to its preferred node as soon as that is stable. `off`: it stays where it
 * is. `legacy`: the pre-2.0 exchange (`ip-request`), in which standby does not exist.
 */
export type AutoFailback = 'on' | 'off' | 'legacy';

/** One word of a haresources line: `script::arg::arg`. */
export interface ResourceSpec {
  /** Name of the resource script, such as `IPaddr`. */
  readonly script: string;
  readonly args: readonly string[];
  /** The word as written (with the implied `IPaddr::` of a bare address left out). */
  readonly word: string;
}

/** One haresources line. */
export interface ResourceGroup {
  /** The first resource word as written: what the originals call the key. */
  readonly key: string;
  /** Lower-cased name of the node that prefers the group. */
  readonly preferredNode: string;
  readonly resources: readonly ResourceSpec[];
}
