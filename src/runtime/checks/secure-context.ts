// The TLS settings of all checks. Chains and names are not verified: real servers are addressed by
// number, and a renewed authority must not empty a pool. Who names an authority of his own in the
// environment, as ldirectord's libraries read it, wants chains verified against that one.

import { readFileSync } from 'node:fs';
import tls from 'node:tls';

/** LWP::UserAgent asks the first two, OpenSSL the last. */
const AUTHORITY_VARIABLES = ['PERL_LWP_SSL_CA_FILE', 'HTTPS_CA_FILE', 'SSL_CERT_FILE'] as const;

/**
 * The stores of the distributions. Images and shells name them for all their programs, which is no
 * wish about real servers: those have certificates of their own or of a private authority.
 */
const SYSTEM_STORES: ReadonlySet<string> = new Set([
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
]);

const authorityFile = (): string | undefined =>
  AUTHORITY_VARIABLES.map((name) => process.env[name]).find(
    (path) => path !== undefined && path !== '' && !SYSTEM_STORES.has(path),
  );

/** A file that cannot be read vouches for nobody: every chain is refused, and says so. */
function readAuthorities(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * One for all checks: making one costs a third of a handshake. Old protocol versions and ciphers
 * are let in, because a check asks whether the server answers and not whether it is up to date.
 */
let sharedContext: tls.SecureContext | undefined;
export const secureContext = (): tls.SecureContext => {
  const file = authorityFile();
  sharedContext ??= tls.createSecureContext({
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    ...(file === undefined ? {} : { ca: readAuthorities(file) }),
  });
  return sharedContext;
};

/** For https, imaps and pops; ldaps verifies nothing in ldirectord either. */
export const trust = (): tls.ConnectionOptions => ({
  secureContext: secureContext(),
  rejectUnauthorized: authorityFile() !== undefined,
  // The name would have to be the real server's number.
  checkServerIdentity: () => undefined,
});
