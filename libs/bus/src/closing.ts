import type { Closable } from './bus.ts';

/** What ends at once, as something to close. */
export function closing(close: () => void): Closable {
  return {
    close: () => {
      close();
      return Promise.resolve();
    },
  };
}
