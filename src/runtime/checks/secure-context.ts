// The TLS settings of all checks. Chains and names are not verified: real servers are addressed by
// number, and a renewed authority must not empty a pool.

import tls from 'node:tls';

/**
 * One for all checks: making one costs a third of a handshake. Old protocol versions and ciphers
 * are let in, because a check asks whether the server answers and not whether it is up to date.
 */
let sharedContext: tls.SecureContext | undefined;
export const secureContext = (): tls.SecureContext => {
  sharedContext ??= tls.createSecureContext({
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  return sharedContext;
};
