/** `sluice.yaml`: what an operator writes. Unknown fields are errors, so that a typing mistake never passes silently. */
import { z } from 'zod';
import { anomaliesSchema } from './anomaly-configuration.ts';
import { modelSchema } from './model-configuration.ts';
import { policySchema } from './policy-configuration.ts';
import { providerSchema } from './provider-configuration.ts';
import { budgetSchema, limitsSchema, scopeSchema } from './quota-configuration.ts';
import { subjectToken } from './subjects.ts';

export { duration } from './configuration-values.ts';
export * from './model-configuration.ts';
export * from './policy-configuration.ts';
export * from './provider-configuration.ts';

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
  /** How keys are watched for unusual use; left out: with the defaults. */
  anomalies: anomaliesSchema.optional(),
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
