/** `sluice.yaml`: what an operator writes. Unknown fields are errors, so that a typing mistake never passes silently. */
import { z } from 'zod';
import { budgetSchema, limitsSchema, meteringPolicySchema, scopeSchema } from './quota-configuration.ts';
import { subjectToken } from './subjects.ts';

const durationUnitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration such as `500ms`, `30s`, `5m`, `1h`, `7d`; parsed to milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, 'write a whole number and a unit: 500ms, 30s, 5m, 1h or 7d')
  .transform((text) => {
    const [, digits = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
    return Number(digits) * durationUnitsMs[unit as keyof typeof durationUnitsMs]; // the regex admits these units only
  });

const positiveInteger = z.number().int().positive();

/** Kinds of provider with an adapter of their own. */
export const nativeProviderTypes = [
  'openai',
  'openai-compatible',
  'azure-openai',
  'anthropic',
  'google',
  'vertex',
  'amazon-bedrock',
  'cohere',
  'ai-sdk',
] as const;

/** Vendors and servers that speak OpenAI's format: `openai-compatible` with the address and habits filled in. */
export const compatiblePresets = [
  'alibaba',
  'cerebras',
  'deepinfra',
  'deepseek',
  'fireworks',
  'groq',
  'llamacpp',
  'lmstudio',
  'mistral',
  'moonshotai',
  'nvidia',
  'ollama',
  'openrouter',
  'perplexity',
  'sambanova',
  'together',
  'vllm',
  'xai',
] as const;
export type CompatiblePreset = (typeof compatiblePresets)[number];

export const providerTypes = [...nativeProviderTypes, ...compatiblePresets] as const;
export type ProviderType = (typeof providerTypes)[number];

/** Client headers that go on to providers of a type without being named in `forwardHeaders`: they choose features of its API. */
export const usualForwardHeaders: Readonly<Partial<Record<ProviderType, readonly string[]>>> = {
  anthropic: ['anthropic-beta'],
  vertex: ['anthropic-beta'],
};

/** Interfaces of a provider that speaks OpenAI's format, named after the end of their path. */
export const openaiApis = ['chat', 'responses', 'completions', 'embeddings', 'messages'] as const;
export type OpenaiApi = (typeof openaiApis)[number];

/** A literal for public or local servers, or `${NAME}`: the router resolves it from its own environment. */
const secret = z.string().min(1);

const timeoutsSchema = z.strictObject({
  /** Until a connection stands. */
  connect: duration.prefault('5s'),
  /** Until the first content of a stream. */
  firstToken: duration.prefault('60s'),
  /** Longest silence within an answer. */
  betweenChunks: duration.prefault('30s'),
  /** One call, from its start to its last byte. */
  total: duration.prefault('10m'),
});

const credentialSchema = z.strictObject({
  key: secret,
  /** Share of the calls among the keys of this provider. */
  weight: z.number().positive().default(1),
});

export const providerSchema = z.strictObject({
  name: subjectToken,
  type: z.enum(providerTypes),
  /** An address, or `${NAME}`: control resolves it when it compiles the snapshot, where it is always an address. */
  baseUrl: z
    .union(
      [z.url({ protocol: /^https?$/ }), z.string().regex(/^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/)],
      'write a full http:// or https:// address, or ${NAME} of an environment variable that holds one',
    )
    .optional(),
  apiKey: secret.optional(),
  /** Several keys in place of one `apiKey`: calls are spread by weight, and a key that the provider refuses is left out for a while. */
  apiKeys: z.array(credentialSchema).min(1).max(100).optional(),
  /**
   * Which of OpenAI's interfaces the provider has, where its type leaves that open. Unless told, an interface is tried when first
   * asked for, and requests are translated to chat where it is missing.
   */
  apis: z.array(z.enum(openaiApis)).min(1).optional(),
  /** Added to every call. */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, 'write the name of an HTTP header'), z.string()).default({}),
  /** `amazon-bedrock`: without keys here the usual AWS sources are asked (environment, profile, role). */
  aws: z
    .strictObject({
      region: z.string().min(1).optional(),
      accessKeyId: secret.optional(),
      secretAccessKey: secret.optional(),
      sessionToken: secret.optional(),
    })
    .optional(),
  /** `vertex`: `serviceAccount` is the JSON of a key file; without it Google's usual sources are asked. */
  gcp: z
    .strictObject({
      project: z.string().min(1).optional(),
      location: z.string().min(1).default('global'),
      serviceAccount: secret.optional(),
    })
    .optional(),
  /** `azure-openai`: with a version the deployment stands in the path; without one the v1 interface is used. */
  azure: z.strictObject({ apiVersion: z.string().min(1).optional() }).optional(),
  /** `ai-sdk`: a provider package of the Vercel AI SDK that is installed beside the router, and what its factory is given. */
  aiSdk: z
    .strictObject({
      package: z.string().min(1),
      /** Exported function that makes the provider; found by its name (`create…`) unless told. */
      factory: z.string().min(1).optional(),
      options: z.record(z.string(), z.unknown()).default({}),
    })
    .optional(),
  /** Client request headers passed on to this provider; a trailing `*` matches any ending. */
  forwardHeaders: z.array(z.string()).default([]),
  timeouts: timeoutsSchema.prefault({}),
  maxConnections: positiveInteger.default(256),
  /** Asks the provider now and then whether it is well; without it health is learned from the calls alone. */
  healthCheck: z
    .strictObject({
      /** Below the base address; any answer under 500 is good. */
      path: z.string().startsWith('/').default('/models'),
      interval: duration.prefault('10s'),
      timeout: duration.prefault('2s'),
    })
    .optional(),
});
export type ProviderConfig = z.infer<typeof providerSchema>;

const priceSchema = z.strictObject({
  /** USD for a million tokens. */
  inputPerMillion: z.number().nonnegative(),
  outputPerMillion: z.number().nonnegative(),
  cachedInputPerMillion: z.number().nonnegative().optional(),
  cacheWritePerMillion: z.number().nonnegative().optional(),
});

/**
 * How the first target is chosen: `priority` the order written, `weighted` by weight, `latency` the sooner of two drawn at random,
 * `cost` the cheapest, `busy` the one with fewest calls under way, `semantic` the one whose examples are nearest, `canary` a
 * percentage to each target that states one and the rest to the first that states none.
 */
export const strategies = ['priority', 'weighted', 'latency', 'cost', 'busy', 'semantic', 'canary'] as const;

/** Which requests a target is for; all that is given must hold. */
const conditionSchema = z.strictObject({
  /** Chargeback tags (`x-sluice-metadata`) and the values that each may have. */
  tags: z.record(z.string(), z.array(z.string()).min(1)).optional(),
  organizations: z.array(z.string()).min(1).optional(),
  teams: z.array(z.string()).min(1).optional(),
  users: z.array(z.string()).min(1).optional(),
  stream: z.boolean().optional(),
});
export type TargetCondition = z.infer<typeof conditionSchema>;

const targetSchema = z.strictObject({
  provider: subjectToken,
  model: z.string().min(1),
  weight: z.number().positive().default(1),
  /** `canary`: share of the requests that go here first. */
  percent: z.number().min(0).max(100).optional(),
  /** `semantic`: prompts of the kind that this target is for. */
  examples: z.array(z.string().min(1).max(2_000)).max(100).optional(),
  /** The target stands only for requests that fit. */
  when: conditionSchema.optional(),
  /** Overrides the catalogue for this target. */
  price: priceSchema.optional(),
  contextWindow: positiveInteger.optional(),
});
export type TargetConfig = z.infer<typeof targetSchema>;

const modelNames = z.array(z.string().min(1)).max(16);

export const modelSchema = z.strictObject({
  name: z.string().min(1).max(200),
  /** Other names for it. */
  aliases: modelNames.default([]),
  /** Not listed by GET /v1/models, but usable. */
  hidden: z.boolean().default(false),
  strategy: z.enum(strategies).default('priority'),
  targets: z.array(targetSchema).min(1, 'give at least one target'),
  retries: z
    .strictObject({
      /** Calls to one target in all, the first included. */
      maxAttempts: z.number().int().min(1).max(10).default(2),
      statuses: z.array(z.number().int().min(400).max(599)).default([408, 409, 429, 500, 502, 503, 504, 529]),
      baseDelay: duration.prefault('100ms'),
      maxDelay: duration.prefault('5s'),
      /** Repeated calls of this model in a router, as a share of its first calls; a few are always allowed. */
      budget: z.number().min(0).max(1).default(0.2),
    })
    .prefault({}),
  /** When a target is left out: so many failures in a row, or so large a share of the calls of ten seconds; and for how long. */
  breaker: z
    .strictObject({
      enabled: z.boolean().default(true),
      failures: positiveInteger.default(5),
      failureRate: z.number().min(0).max(1).default(0.5),
      openFor: duration.prefault('5s'),
    })
    .prefault({}),
  /** A second call to another target where the first is slower than usual; the first to answer wins, both are paid. */
  hedge: z
    .strictObject({
      /** How long the first call may take; the target's 95th percentile unless told. */
      after: duration.optional(),
      /** Hedged calls as a share of all calls of this model. */
      budget: z.number().min(0).max(1).default(0.05),
    })
    .optional(),
  /** Requests of one conversation go to one target first, so that its prompt cache is warm. */
  sticky: z.boolean().default(false),
  /** Models asked when all targets of this one failed: for any reason, because the prompt is too long, or because the provider refused its content. */
  fallbacks: z
    .strictObject({ error: modelNames.default([]), contextWindow: modelNames.default([]), contentPolicy: modelNames.default([]) })
    .prefault({}),
  /** What a target's format cannot express: `refuse` the request, or `drop` it and say so in `x-sluice-dropped`. */
  onUnsupported: z.enum(['refuse', 'drop']).default('refuse'),
});
export type ModelConfig = z.infer<typeof modelSchema>;

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

const keySchema = z.strictObject({
  name: subjectToken,
  /** The virtual key, as `${NAME}`, or its SHA-256 as `sha256:<64 hex digits>`. */
  key: z
    .string()
    .regex(
      /^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|sha256:[0-9a-f]{64})$/,
      'write ${NAME} of an environment variable or sha256:<hex>; a plain key may not stand in the file',
    ),
  models: z.array(z.string().min(1)).optional(),
  policy: subjectToken.optional(),
  limits: limitsSchema.default({}),
  budgets: z.array(budgetSchema).default([]),
});

const teamSchema = z.strictObject({
  name: subjectToken,
  policy: subjectToken.default('default'),
  limits: limitsSchema.default({}),
  budgets: z.array(budgetSchema).default([]),
  keys: z.array(keySchema).default([]),
});

const organizationSchema = z.strictObject({
  name: subjectToken,
  limits: limitsSchema.default({}),
  budgets: z.array(budgetSchema).default([]),
  /** Limits and budgets of end users, models and tags within the organisation. */
  scopes: z.array(scopeSchema).max(1_000).optional(),
  teams: z.array(teamSchema).default([]),
});
export type OrganizationConfig = z.infer<typeof organizationSchema>;

export const configurationSchema = z
  .strictObject({
    version: z.literal(1, 'write version: 1'),
    providers: z.array(providerSchema).default([]),
    models: z.array(modelSchema).default([]),
    policies: z.array(policySchema).default([]),
    organizations: z.array(organizationSchema).optional(),
  })
  .superRefine((configuration, context) => {
    reportDuplicates(configuration.providers, 'providers', context);
    reportDuplicates(configuration.models, 'models', context);
    reportAliases(configuration.models, context);
    reportDuplicates(configuration.policies, 'policies', context);
    reportDuplicates(configuration.organizations ?? [], 'organizations', context);
    (configuration.organizations ?? []).forEach((organization, index) => {
      reportDuplicates(organization.teams, `organizations.${index}.teams`, context);
      organization.teams.forEach((team, teamIndex) => {
        reportDuplicates(team.keys, `organizations.${index}.teams.${teamIndex}.keys`, context);
      });
    });
  });

/** The file after parsing, every default filled in. */
export type Configuration = z.infer<typeof configurationSchema>;
/** The file as written. */
export type ConfigurationInput = z.input<typeof configurationSchema>;

function reportDuplicates(entries: readonly { readonly name: string }[], path: string, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  entries.forEach((entry, index) => {
    if (seen.has(entry.name)) {
      context.addIssue({
        code: 'custom',
        path: [...path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)), index, 'name'],
        message: `"${entry.name}" stands twice; give each entry a name of its own`,
      });
    }
    seen.add(entry.name);
  });
}

/** A name may lead to one model only, and a fallback must lead to one. */
function reportAliases(models: readonly z.infer<typeof modelSchema>[], context: z.RefinementCtx): void {
  const names = new Set(models.map((model) => model.name));
  const taken = new Set(names);
  models.forEach((model, index) => {
    model.aliases.forEach((alias, position) => {
      if (taken.has(alias)) {
        const message = `"${alias}" is the name of another model already`;
        context.addIssue({ code: 'custom', path: ['models', index, 'aliases', position], message });
      }
      taken.add(alias);
    });
    for (const kind of ['error', 'contextWindow', 'contentPolicy'] as const) {
      model.fallbacks[kind].forEach((fallback, position) => {
        if (names.has(fallback) && fallback !== model.name) return;
        const message = `"${fallback}" is no other model of this file; name one that stands under models`;
        context.addIssue({ code: 'custom', path: ['models', index, 'fallbacks', kind, position], message });
      });
    }
  });
}
