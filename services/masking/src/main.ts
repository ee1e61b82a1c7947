import { calls } from '@sluice/contracts';
import { runService } from '@sluice/runtime';
import { createCheck } from './check.ts';
import { settingsSchema } from './settings.ts';
import { createStage } from './stage.ts';

await runService({
  name: 'masking',
  description: 'Replaces personal data in requests by reversible placeholders',
  settings: settingsSchema,
  start: async (service) => {
    const { settings, bus, metrics } = service;
    const configuration = await service.configuration();
    const stage = createStage({
      configuration,
      metrics,
      concurrency: settings.MASKING_CONCURRENCY,
      queueLimit: settings.MASKING_QUEUE_LIMIT,
    });
    service.onClose('stage', await bus.serveStage(stage));
    service.onClose('check', await bus.respond(calls.checkMasking, createCheck(configuration)));
  },
});
