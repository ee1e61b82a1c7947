import type { AnomaliesConfig } from './anomaly-configuration.ts';
import type { Configuration, ModelConfig, PolicyConfig, ProviderConfig } from './configuration.ts';
import type { BudgetConfig, LimitsConfig, ScopeConfig } from './quota-configuration.ts';

/** Limits and budgets of one key, already found by its public id. */
export interface KeyScope {
  readonly keyId: string;
  readonly name: string;
  readonly organization: string;
  readonly team: string;
  readonly limits: LimitsConfig;
  readonly budgets: readonly BudgetConfig[];
}

export interface TeamScope {
  readonly name: string;
  readonly policy: string;
  readonly limits: LimitsConfig;
  readonly budgets: readonly BudgetConfig[];
}

export interface OrganizationScope {
  readonly name: string;
  readonly limits: LimitsConfig;
  readonly budgets: readonly BudgetConfig[];
  /** Absent in snapshots of before there were such scopes. */
  readonly scopes?: readonly ScopeConfig[] | undefined;
  readonly anomalies?: AnomaliesConfig | undefined;
  readonly teams: readonly TeamScope[];
}

/**
 * The compiled configuration as control publishes it to the KV bucket `config`: defaults filled in, references
 * checked, and no secret of any kind. Provider keys stay `${NAME}` until the router resolves them; virtual keys are
 * known by public id only.
 */
export interface Snapshot {
  /**
   * Grows by one with each activation. The same version may be published again with other content: when a virtual key
   * is made or revoked, and when an address of the environment changed at a restart. `activatedAt` grows with every
   * publication.
   */
  readonly version: number;
  readonly activatedAt: string;
  readonly providers: readonly ProviderConfig[];
  readonly models: readonly ModelConfig[];
  readonly policies: readonly PolicyConfig[];
  readonly organizations: readonly OrganizationScope[];
  readonly keys: readonly KeyScope[];
}

/** The parts of a snapshot that come from the file unchanged. */
export type SnapshotSource = Pick<Configuration, 'providers' | 'models' | 'policies'>;
