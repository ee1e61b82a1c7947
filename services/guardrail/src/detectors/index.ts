import { createDenylistDetector } from './denylist/denylist.ts';
import { createInjectionDetector } from './injection/injection.ts';
import { createSecretsDetector } from './secrets/secrets.ts';
import type { Detector } from '../detector.ts';

/** Every detector of this service; a new one is a folder beside the others and a line here. */
export function createDetectors(): Detector[] {
  return [createInjectionDetector(), createSecretsDetector(), createDenylistDetector()];
}
