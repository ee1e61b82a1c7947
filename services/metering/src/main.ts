import { runService } from '@sluice/runtime';
import { settingsSchema } from './settings.ts';
import { startMetering } from './start-metering.ts';

await runService({
  name: 'metering',
  description: 'Admission: limits, budgets, reservations, usage intents',
  settings: settingsSchema,
  echo: false,
  start: startMetering,
});
