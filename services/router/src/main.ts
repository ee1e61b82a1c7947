import { snapshotCatalog } from '@sluice/catalog';
import { WorkerEmbedder } from '@sluice/embedding';
import { runService } from '@sluice/runtime';
import { extendOver } from './reservation/ask-for-more.ts';
import { openJournal } from './calls/open-journal.ts';
import { BreakerBoard } from './resilience/breaker-board.ts';
import { settingsSchema } from './settings.ts';
import { createStage, description } from './stage.ts';

await runService({
  name: 'router',
  description,
  settings: settingsSchema,
  start: async (service) => {
    const configuration = await service.configuration();
    // Ingress sends a request round again after a hop budget of silence; it must hear of it well before.
    const acceptAfterMs = Math.min(service.settings.ACCEPT_AFTER_MS, service.settings.SLUICE_HOP_BUDGET_MS / 4);
    const settings = { ...service.settings, ACCEPT_AFTER_MS: acceptAfterMs };
    const board = new BreakerBoard(service);
    const journal = await openJournal(service);
    let embedder: WorkerEmbedder | undefined;
    const stage = createStage({
      ...service,
      settings,
      board,
      journal,
      embedder: () => (embedder ??= new WorkerEmbedder({ clock: service.clock, onRun: () => undefined })),
      configuration,
      catalog: snapshotCatalog,
      environment: process.env,
      random: Math.random,
      extend: extendOver(service.bus),
    });
    service.onClose('connections to providers', () => stage.close());
    service.onClose('shared breakers', () => board.close());
    service.onClose('encoder', async () => embedder?.close());
    service.onClose('stage', await service.bus.serveStage(stage));
  },
});
