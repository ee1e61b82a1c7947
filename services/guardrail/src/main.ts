import { calls } from '@sluice/contracts';
import { runService } from '@sluice/runtime';
import { createCheck } from './check.ts';
import { createDetectors } from './detectors/index.ts';
import { Engine } from './engine.ts';
import { createGuardMetrics } from './guard-metrics.ts';
import { settingsSchema } from './settings.ts';
import { createStage } from './stage.ts';

await runService({
  name: 'guardrail',
  description: 'Inspects every text of a request for injection, secrets and denied phrases.',
  settings: settingsSchema,
  async start({ bus, metrics: registry, configuration, onClose }) {
    const store = await configuration();
    const engine = new Engine(createDetectors());
    engine.load(store.current);
    store.onChange((snapshot) => {
      engine.load(snapshot);
    });
    const metrics = createGuardMetrics(registry);
    onClose('check', await bus.respond(calls.checkGuardrail, createCheck(engine, metrics)));
    onClose('stage', await bus.serveStage(createStage({ engine, metrics })));
  },
});
