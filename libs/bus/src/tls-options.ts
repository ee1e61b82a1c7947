import type { TlsOptions } from 'nats';

/** PEM files for TLS with the server. */
export interface BusTls {
  /** Authority that signed the server's certificate; absent: those that Node trusts. */
  readonly caFile?: string | undefined;
  /** What this process shows a server that verifies its clients. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/**
 * What the client library is told of TLS: by an address `tls://` or any of the files it is required. Without, the client takes
 * TLS where the server offers it, and goes on in clear where it does not. The library checks the certificate against the host
 * name of the address; with a number for an address it checks for `localhost`.
 */
export function tlsOptions(servers: readonly string[], { caFile, certFile, keyFile }: BusTls = {}): { tls?: TlsOptions } {
  const files = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
  const wanted = Object.keys(files).length > 0 || servers.some((server) => server.startsWith('tls://'));
  return wanted ? { tls: files } : {};
}
