import { runService } from '@sluice/runtime';
import { runCache } from './run-cache.ts';
import { settingsSchema } from './settings.ts';

await runService({
  name: 'cache',
  description: 'Answers from earlier requests, by equality and by likeness',
  settings: settingsSchema,
  start: runCache,
});
