import { readFileSync } from 'node:fs';
import { configurationSchema, errorTable, headers } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { deployFile, services } from './deploy-files.ts';

const document = (path: string) => readFileSync(deployFile(`../${path}`), 'utf8');

it('shows a configuration in README.md that the schema accepts', () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(document('README.md')) ?? [];
  expect(configurationSchema.safeParse(parse(yaml ?? '')).error).toBeUndefined();
  expect(configurationSchema.safeParse(parse(document('deploy/compose/config/sluice.yaml'))).error).toBeUndefined();
});

it('names every header and every error code in the stage protocol', () => {
  const protocol = document('docs/stage-protocol.md');
  const events: readonly string[] = [headers.messageId]; // of events, not of the slip
  expect(Object.values(headers).filter((name) => !protocol.includes(name) && !events.includes(name))).toEqual([]);
  expect(Object.keys(errorTable).filter((code) => !protocol.includes(code))).toEqual([]);
});

it('lists every setting of every service in the operations guide', () => {
  const guide = document('docs/operations.md');
  for (const service of services) {
    const source = document(`services/${service}/src/settings.ts`);
    const names = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name ?? '');
    const missing = names.filter((name) => !guide.includes(name) && !guide.includes(name.replace(/^SLUICE_CACHE/, '')));
    expect(missing, service).toEqual([]);
  }
});
