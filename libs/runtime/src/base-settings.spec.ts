import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { baseSettingsSchema, integerSetting, optionalSetting, parseSettings } from './base-settings.ts';

const least = { NATS_URL: 'nats://127.0.0.1:4222' };

it('fills in what is not given', () => {
  expect(parseSettings(baseSettingsSchema, least)).toEqual({
    NATS_URL: 'nats://127.0.0.1:4222',
    LOG_LEVEL: 'info',
    SLUICE_DATA_DIR: '.sluice',
    SLUICE_SPOOL_MAX_BYTES: 268_435_456,
    SLUICE_STREAM_REPLICAS: 0,
    SLUICE_HEALTH_PORT: 0,
    SLUICE_HEALTH_HOST: '127.0.0.1',
    SLUICE_HOP_BUDGET_MS: 2_000,
    SLUICE_SHUTDOWN_MS: 10_000,
  });
});

it('takes the files for TLS', () => {
  const files = { NATS_CA_FILE: '/etc/nats/ca.pem', NATS_CERT_FILE: '/etc/nats/cert.pem', NATS_KEY_FILE: '/etc/nats/key.pem' };
  expect(parseSettings(baseSettingsSchema, { ...least, ...files })).toMatchObject(files);
});

it('takes an empty variable as absent, as compose files pass it', () => {
  const empty = Object.fromEntries(Object.keys(baseSettingsSchema.shape).map((name) => [name, '']));
  expect(parseSettings(baseSettingsSchema, { ...empty, ...least, SLUICE_SUPERVISED: undefined })).toEqual(
    parseSettings(baseSettingsSchema, least),
  );
});

it.each([
  [{}, 'NATS_URL: give the address of the NATS server, e.g. nats://127.0.0.1:4222'],
  [{ NATS_URL: '' }, 'NATS_URL: give the address of the NATS server, e.g. nats://127.0.0.1:4222'],
  [{ ...least, LOG_LEVEL: 'loud' }, 'LOG_LEVEL: use trace, debug, info, warn, error or silent'],
  [{ ...least, SLUICE_HEALTH_PORT: 'http' }, 'SLUICE_HEALTH_PORT: give a number from 0 to 65535'],
  [{ ...least, SLUICE_HEALTH_PORT: '70000' }, 'SLUICE_HEALTH_PORT: give a number from 0 to 65535'],
  [{ ...least, SLUICE_HOP_BUDGET_MS: '1.5' }, 'SLUICE_HOP_BUDGET_MS: give a whole number'],
  [{ ...least, SLUICE_SHUTDOWN_MS: '-1' }, 'SLUICE_SHUTDOWN_MS: give a number from 100 to 120000'],
])('names the variable and the fix for %j', (environment, line) => {
  expect(() => parseSettings(baseSettingsSchema, environment)).toThrow(`the environment is not right:\n  ${line}`);
});

it('names every variable at fault at once', () => {
  expect(() => parseSettings(baseSettingsSchema, { LOG_LEVEL: 'x', SLUICE_HEALTH_PORT: 'y' })).toThrow(
    /NATS_URL: .*\n.*LOG_LEVEL: .*\n.*SLUICE_HEALTH_PORT: /,
  );
});

it('gives settings within their bounds, or an error that names a variable, for any environment', () => {
  const schema = z.object({ PORT: integerSetting(1, 65_535, 8_080), NAME: optionalSetting() });
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.constantFrom('', ' ', '0x10', '1e3', 'NaN', 'Infinity'),
  );
  fc.assert(
    fc.property(fc.record({ PORT: value, NAME: value }, { requiredKeys: [] }), (environment) => {
      try {
        const { PORT } = parseSettings(schema, environment);
        expect(Number.isInteger(PORT) && PORT >= 1 && PORT <= 65_535).toBe(true);
      } catch (error) {
        expect(String(error)).toMatch(/^Error: the environment is not right:\n {2}PORT: give a (whole )?number/);
      }
    }),
    { numRuns: 500 },
  );
});
