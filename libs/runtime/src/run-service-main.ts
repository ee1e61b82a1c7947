/** The smallest service, run as a process by the spec of runService. */
import { z } from 'zod';
import { integerSetting } from './base-settings.ts';
import { runService } from './run-service.ts';

await runService({
  name: 'specs',
  description: 'The smallest service.',
  settings: z.object({
    SPECS_WORKERS: integerSetting(1, 8, 1),
    SPECS_FAULT: z.enum(['none', 'throw', 'stuck', 'crash', 'unstored']).default('none'),
  }),
  start: async ({ settings, bus, log, onClose, readiness }) => {
    if (settings.SPECS_FAULT === 'throw') throw new Error('cannot start');
    const events = await bus.createEventPublisher('specs');
    onClose('work', () => {
      log.info('work closed');
      if (settings.SPECS_FAULT === 'unstored') {
        const data = { organization: 'acme', actor: 'specs', action: 'closed', outcome: 'ok', detail: {} };
        events.publish('sluice.v1.audit.acme', { id: 'last-words', type: 'com.sluice.audit.access.v1', subject: 'acme', data });
      }
      return settings.SPECS_FAULT === 'stuck' || settings.SPECS_FAULT === 'unstored' ? new Promise<never>(() => undefined) : undefined;
    });
    readiness('work', () => undefined);
    if (settings.SPECS_FAULT === 'crash') {
      setTimeout(() => {
        throw new Error('a bug');
      }, 50);
    }
  },
});
