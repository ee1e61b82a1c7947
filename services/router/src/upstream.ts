import type { ProviderConfig } from '@sluice/contracts';
import type { MissingWires } from './endpoints/missing-wires.ts';
import type { Authorizer, ProviderAdapter, Transport } from './providers/provider-adapter.ts';
import type { CredentialRing } from './resilience/credential-ring.ts';

/** One set of credentials of a provider. */
export interface Account {
  readonly weight: number;
  readonly authorize: Authorizer;
  readonly transport: Transport;
  /** What must never appear in a message; undefined where no credential is sent. */
  readonly secret: string | undefined;
}

/** A provider of the snapshot, made ready for calls; all its targets share it. */
export interface Upstream {
  readonly config: ProviderConfig;
  readonly adapter: ProviderAdapter;
  readonly origin: string;
  /** Host name, for traces. */
  readonly host: string;
  /** Path of the base address, without a slash at its end. */
  readonly basePath: string;
  readonly accounts: CredentialRing<Account>;
  readonly missing: MissingWires;
  /** Names and values in turn, sent with every call. */
  readonly fixedHeaders: readonly string[];
  /** Client headers that go on to this provider; undefined: none. */
  readonly forwards: ((header: string) => boolean) | undefined;
}
