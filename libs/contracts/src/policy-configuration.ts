/** `policies` of `sluice.yaml`. */
import { z } from 'zod';
import { duration, positiveInteger } from './configuration-values.ts';
import { meteringPolicySchema } from './quota-configuration.ts';
import { subjectToken } from './subjects.ts';

/** Detectors that the guardrail stage knows; control refuses a policy that names another. */
export const detectorNames = ['injection', 'secrets', 'denylist'] as const;

const detectorActions = ['off', 'flag', 'redact', 'block'] as const;

export const guardrailPolicySchema = z.strictObject({
  /** `observe` runs every detector and reports, but never blocks. */
  mode: z.enum(['enforce', 'observe', 'off']).default('enforce'),
  detectors: z.record(z.string(), z.enum(detectorActions)).default({ injection: 'block', secrets: 'flag', denylist: 'block' }),
  /** Words and phrases for the detector `denylist`, matched without regard to case on word borders. */
  denylist: z.array(z.string().min(2).max(200)).max(10_000).default([]),
  /** Attack probability from which `injection` acts. */
  threshold: z.number().min(0).max(1).default(0.5),
  /** Longest text inspected, bytes; what is longer is refused, not passed unseen. */
  maxInspectedBytes: positiveInteger.default(32 * 1024 * 1024),
});
export type GuardrailPolicy = z.infer<typeof guardrailPolicySchema>;

/** Entity types that the masking stage recognises, those of the default policy first; control refuses a policy that names another. */
export const entityTypes = [
  'EMAIL_ADDRESS',
  'CREDIT_CARD',
  'PHONE_NUMBER',
  'IBAN_CODE',
  'IP_ADDRESS',
  'US_SSN',
  'AU_ABN',
  'AU_TFN',
  'BR_CPF',
  'CA_SIN',
  'CRYPTO',
  'DE_TAX_ID',
  'ES_NIE',
  'ES_NIF',
  'FI_PERSONAL_IDENTITY_CODE',
  'IN_AADHAAR',
  'IT_FISCAL_CODE',
  'KR_RRN',
  'MAC_ADDRESS',
  'PL_PESEL',
  'SE_PERSONNUMMER',
  'SG_NRIC_FIN',
  'TH_TNIN',
  'TR_NATIONAL_ID',
  'UK_NHS',
  'UK_NINO',
  'URL',
  'US_ITIN',
] as const;

const maskingActions = ['mask', 'block', 'allow'] as const;

export const maskingPolicySchema = z.strictObject({
  entities: z
    .record(z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'write the type in capitals, e.g. EMAIL_ADDRESS'), z.enum(maskingActions))
    .default({ EMAIL_ADDRESS: 'mask', CREDIT_CARD: 'mask', PHONE_NUMBER: 'mask', IBAN_CODE: 'mask', IP_ADDRESS: 'mask', US_SSN: 'mask' }),
  minScore: z.number().min(0).max(1).default(0.5),
});
export type MaskingPolicy = z.infer<typeof maskingPolicySchema>;

export const cachePolicySchema = z.strictObject({
  exact: z.boolean().default(true),
  semantic: z.boolean().default(true),
  ttl: duration.prefault('1h'),
  /** Largest share of semantic hits that may be wrong. */
  maxErrorRate: z.number().min(0).max(1).default(0.02),
  /** Who shares entries: keys of one team, or the teams of one organisation. */
  scope: z.enum(['team', 'organization']).default('team'),
});
export type CachePolicy = z.infer<typeof cachePolicySchema>;

export const unavailableActions = ['skip', 'refuse'] as const;

export const policySchema = z.strictObject({
  name: subjectToken,
  /** Stage names in the order of the slip; the last one answers. */
  pipeline: z.array(subjectToken).min(1).max(16).default(['metering', 'guardrail', 'masking', 'cache', 'router']),
  guardrail: guardrailPolicySchema.prefault({}),
  masking: maskingPolicySchema.prefault({}),
  cache: cachePolicySchema.prefault({}),
  metering: meteringPolicySchema.optional(),
  /** What happens to a request when a stage has no live instance. Default: `cache` is skipped, all others refuse. */
  onUnavailable: z.record(z.string(), z.enum(unavailableActions)).default({}),
  /** Whether a provider call goes on when the client hangs up. */
  onDisconnect: z.enum(['cancel', 'drain']).default('cancel'),
  /** Longest life of a request unless its header asks for less. */
  timeout: duration.prefault('5m'),
});
export type PolicyConfig = z.infer<typeof policySchema>;
