import { calls, streams, subjects } from '@sluice/contracts';
import { runService, version } from '@sluice/runtime';
import { Gauge } from 'prom-client';
import { Admission } from './admission.ts';
import { readUsage } from './read-usage.ts';
import { readSettlement } from './settled-events.ts';
import { settingsSchema } from './settings.ts';
import { createStage } from './stage.ts';
import { warnOfBudgets } from './unenforced-budgets.ts';

/** Usage events are kept for a week in the stream, so a billing outage of days loses nothing. */
const usageStream = { name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: 7 * 86_400_000, duplicateWindowMs: 600_000 };
const expirySweepMs = 1_000;

await runService({
  name: 'metering',
  description: 'Admission: limits, reservations, usage intents',
  settings: settingsSchema,
  echo: false,
  start: async ({ settings, bus, log, metrics, configuration, onClose, clock }) => {
    await bus.ensureStream(usageStream);
    const store = await configuration();
    const admission = new Admission(store.current);
    warnOfBudgets(store.current, log);
    store.onChange((snapshot) => {
      admission.configure(snapshot);
      warnOfBudgets(snapshot, log);
    });
    const events = await bus.createEventPublisher('metering');
    onClose(
      'settlements',
      bus.subscribe(subjects.anyUsage, (data) => {
        const settlement = readSettlement(data, (requestId) => admission.holds(requestId));
        if (settlement !== undefined) admission.settle(clock(), settlement.requestId, settlement.usage);
      }),
    );
    const sweeper = setInterval(() => admission.expire(clock()), expirySweepMs).unref();
    onClose('expiry', () => {
      clearInterval(sweeper);
    });
    new Gauge({
      name: 'sluice_reservations_open',
      help: 'Requests admitted and not settled',
      registers: [metrics],
      collect() {
        this.set(admission.open);
      },
    });
    new Gauge({
      name: 'sluice_usage_events_unacknowledged',
      help: 'Usage events not yet stored',
      registers: [metrics],
      collect() {
        this.set(events.unacknowledged);
      },
    });
    await bus.respond(calls.readUsage, ({ keyId }) => readUsage(admission, store.current, keyId, clock()));
    await bus.respond(calls.settleReservation, ({ requestId, usage }) => ({ released: admission.settle(clock(), requestId, usage) }));
    const stage = createStage({
      admission,
      events,
      clock,
      version,
      concurrency: settings.METERING_CONCURRENCY,
      defaultOutputTokens: settings.METERING_DEFAULT_OUTPUT_TOKENS,
      eventBacklog: settings.METERING_EVENT_BACKLOG,
    });
    onClose('stage', await bus.serveStage(stage));
  },
});
