import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Editors write a file in several steps; half a file must not be read. */
const debounceMs = 100;

/**
 * Calls back after a file changed, appeared or was replaced. The folder is watched, not the file: editors and
 * Kubernetes replace files by renaming (Kubernetes through the link `..data`).
 */
export function watchFile(file: string, changed: () => void): () => void {
  const name = basename(file);
  let timer: NodeJS.Timeout | undefined;
  const touched = (_event: string, entry: string | null): void => {
    if (entry !== null && entry !== name && entry !== '..data') return;
    clearTimeout(timer);
    timer = setTimeout(changed, debounceMs);
  };
  let watcher: FSWatcher;
  try {
    watcher = watch(dirname(file), { persistent: false }, touched);
  } catch {
    return () => undefined; // no such folder, and so no file: SIGHUP still reloads
  }
  watcher.on('error', () => {
    watcher.close(); // the folder is gone; SIGHUP still reloads
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
