// What the name of a resource says about how it can be moved. Nothing else is known of resources
// above the wall.

import type { ResourceSpec } from './resource-group.js';

/** An address of an interface: several of them are one order, and one request to the kernel. */
export const isAddressScript = (script: string): boolean =>
  script === 'IPaddr' || script === 'IPaddr2' || script === 'IPv6addr';

/**
 * Whether a resource can be in place on two nodes for a moment without harm: an address that only
 * one of them announces, and a health checker with its table. A script of the administrator's may
 * mount a file system: it never can.
 */
export const isPreparable = (resource: ResourceSpec): boolean =>
  isAddressScript(resource.script) || resource.script === 'ldirectord';
