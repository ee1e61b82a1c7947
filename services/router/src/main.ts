import { snapshotCatalog } from '@sluice/catalog';
import { runService } from '@sluice/runtime';
import { settingsSchema } from './settings.ts';
import { createStage, description } from './stage.ts';

await runService({
  name: 'router',
  description,
  settings: settingsSchema,
  start: async (service) => {
    const configuration = await service.configuration();
    const stage = createStage({ ...service, configuration, catalog: snapshotCatalog, environment: process.env, random: Math.random });
    service.onClose('connections to providers', () => stage.close());
    service.onClose('stage', await service.bus.serveStage(stage));
  },
});
