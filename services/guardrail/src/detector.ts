import type { Detection, GuardrailPolicy } from '@sluice/contracts';
import type { InspectedText } from './normalise/inspected-text.ts';

/** What a detector found in one chunk of text; offsets are the chunk's own. */
export interface Finding {
  readonly detections: readonly Detection[];
  /** Probability of an attack, also below the threshold; absent on detectors that do not judge it. */
  readonly attackScore?: number;
}

/** A detector made ready for one policy. `inspect` is synchronous, linear in the text and keeps nothing of it. */
export interface CompiledDetector {
  readonly name: string;
  inspect(text: InspectedText): Finding;
}

/** One folder under `detectors/` exports one of these; adding it to `detectors/index.ts` is all that is needed. */
export interface Detector {
  readonly name: string;
  /** Changes whenever the same text may be judged differently. */
  readonly version: string;
  /** Done once a snapshot for each policy, never on the way of a request. */
  compile(policy: GuardrailPolicy): CompiledDetector;
}
