import { z } from 'zod';

const optionalText = z.preprocess((value) => (value === '' ? undefined : value), z.string().optional());
const port = (fallback: number) =>
  z.preprocess(
    (value) => (value === undefined || value === '' ? fallback : Number(value)),
    z.number('give a port number').int('give a whole number').min(1, 'give a port from 1').max(65_535, 'give a port up to 65535'),
  );

/** Services in the order of the slip; `ingress` last, because it is ready when the others are. */
export const serviceNames = ['control', 'metering', 'guardrail', 'masking', 'cache', 'router', 'billing', 'ingress'] as const;
export type ServiceName = (typeof serviceNames)[number];

const maxReplicas = 32;

/** Environment of `npm start`. */
export const settingsSchema = z.object({
  SLUICE_PORT: port(8080),
  SLUICE_CONTROL_PORT: port(8081),
  SLUICE_DATA_DIR: z.preprocess((value) => (value === '' ? undefined : value), z.string().default('.sluice')),
  SLUICE_CONFIG: optionalText,
  SLUICE_BOOTSTRAP_KEY: optionalText.refine(
    (key) => key === undefined || /^sk-sluice-\S{8,}$/.test(key),
    'begin with sk-sluice- and go on with 8 characters or more',
  ),
  SLUICE_ADMIN_TOKEN: optionalText.refine((token) => token === undefined || token.length >= 8, 'give at least 8 characters'),
  NATS_URL: optionalText,
  DATABASE_URL: optionalText,
  /** Names, comma-separated, of services that are not started. */
  SLUICE_SERVICES_DISABLED: optionalText.transform((text, context) => names(text, context)),
  /** `metering=3,router=2`. */
  SLUICE_REPLICAS: optionalText.transform((text, context) => replicas(text, context)),
  /** Folder with `<service>/src/main.ts`; absent: the repository's. For tests. */
  SLUICE_SERVICES_DIR: optionalText,
});
export type LocalSettings = z.output<typeof settingsSchema>;

/** @throws Error with one line for each variable at fault: its name and the fix */
export function readSettings(environment: NodeJS.ProcessEnv): LocalSettings {
  const parsed = settingsSchema.safeParse(environment);
  if (parsed.success) return parsed.data;
  throw new Error(
    `the environment is not right:\n${parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`).join('\n')}`,
  );
}

function asServiceName(text: string, context: z.RefinementCtx): ServiceName | undefined {
  const name = serviceNames.find((candidate) => candidate === text.trim());
  if (name === undefined)
    context.addIssue({ code: 'custom', message: `"${text.trim()}" is no service; there are ${serviceNames.join(', ')}` });
  return name;
}

function names(text: string | undefined, context: z.RefinementCtx): ReadonlySet<ServiceName> {
  const found = (text?.split(',') ?? []).map((name) => asServiceName(name, context));
  return new Set(found.filter((name) => name !== undefined));
}

function replicas(text: string | undefined, context: z.RefinementCtx): ReadonlyMap<ServiceName, number> {
  const counts = new Map<ServiceName, number>();
  for (const entry of text?.split(',') ?? []) {
    const [left = '', right = ''] = entry.split('=');
    const name = asServiceName(left, context);
    const count = Number(right);
    if (!Number.isInteger(count) || count < 1 || count > maxReplicas) {
      context.addIssue({ code: 'custom', message: `write name=count with a count from 1 to ${maxReplicas}, not "${entry.trim()}"` });
    } else if (name !== undefined) counts.set(name, count);
  }
  return counts;
}
