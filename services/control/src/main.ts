import { runService } from '@sluice/runtime';
import { modelCatalog } from './model-catalog.ts';
import { settingsSchema } from './settings.ts';
import { startControl } from './start.ts';
import { validate } from './validate.ts';

const [flag, file] = process.argv.slice(2);
if (flag === '--validate') {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  process.exitCode = await validate({ file, environment: process.env, fetch, catalog: modelCatalog, print });
} else {
  await runService({
    name: 'control',
    description: 'Configuration, virtual keys, audit log and the admin API',
    settings: settingsSchema,
    start: startControl(process.env),
  });
}
