/** The smallest service, run as a process by the spec of runService. */
import { z } from 'zod';
import { integerSetting } from './base-settings.ts';
import { runService } from './run-service.ts';

await runService({
  name: 'specs',
  description: 'The smallest service.',
  settings: z.object({ SPECS_WORKERS: integerSetting(1, 8, 1), SPECS_FAULT: z.enum(['none', 'throw', 'stuck', 'crash']).default('none') }),
  start: ({ settings, log, onClose, readiness }) => {
    if (settings.SPECS_FAULT === 'throw') throw new Error('cannot start');
    onClose('work', () => {
      log.info('work closed');
      return settings.SPECS_FAULT === 'stuck' ? new Promise<never>(() => undefined) : undefined;
    });
    readiness('work', () => undefined);
    if (settings.SPECS_FAULT === 'crash') {
      setTimeout(() => {
        throw new Error('a bug');
      }, 50);
    }
    return Promise.resolve();
  },
});
