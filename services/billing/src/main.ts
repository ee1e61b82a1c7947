import { runService } from '@sluice/runtime';
import { settingsSchema } from './settings.ts';
import { startBilling } from './start-billing.ts';

await runService({
  name: 'billing',
  description: 'Ledger of usage events, one row a request',
  settings: settingsSchema,
  start: startBilling,
});
