// Types of messages that carry the cluster's own protocol. heartbeat 3.0.6 sends whatever a named
// client hands it; a client that could say `shutdone` or `resource` for this node could move groups
// without any of the rules that protect them.

const reserved: ReadonlySet<string> = new Set([
  'status',
  'starting',
  'resource',
  'shutdone',
  'reqnodes',
  'repnodes',
  'ip-request',
  'ip-request-resp',
  'stonith',
  'query-cstatus',
  'respond-cstatus',
  'hbapi-clstat',
  'hbapi-resp',
]);

export const isReserved = (type: string): boolean =>
  reserved.has(type) || type.startsWith('NS_') || type.startsWith('lubdub-');
