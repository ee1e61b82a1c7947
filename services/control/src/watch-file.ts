import { watch } from 'node:fs';
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
  const watcher = watch(dirname(file), { persistent: false }, (_event, touched) => {
    if (touched !== null && touched !== name && touched !== '..data') return;
    clearTimeout(timer);
    timer = setTimeout(changed, debounceMs);
  });
  watcher.on('error', () => {
    watcher.close(); // the folder is gone; SIGHUP still reloads
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
