import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { bucketCount } from './features.ts';
import { rules } from './rules.ts';
import { windowTokens } from './window-scorer.ts';
import type { InjectionWeights } from './window-scorer.ts';

const modelSchema = z.object({
  step: z.number().positive(),
  biases: z.array(z.number()).length(windowTokens.length),
  /** Logit at which the probability is one half. */
  offset: z.number(),
  /** How fast the probability rises around it. */
  slope: z.number().positive(),
  ruleWeights: z.record(z.string(), z.number()),
});

export interface InjectionModel {
  readonly weights: InjectionWeights;
  /** Calibrated probability of an attack for a window's logit. */
  probability(logit: number): number;
}

/** Reads the weights that stand beside this file; a missing, short or foreign file stops the service at start. */
export function loadModel(): InjectionModel {
  const model = modelSchema.parse(JSON.parse(readFileSync(new URL('model.json', import.meta.url), 'utf8')));
  const bytes = readFileSync(new URL('weights.bin', import.meta.url));
  if (bytes.byteLength !== bucketCount) throw new RangeError(`weights.bin has ${bytes.byteLength} bytes, expected ${bucketCount}`);
  const weights: InjectionWeights = {
    features: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    step: model.step,
    biases: model.biases,
    rules: rules.map((rule) => model.ruleWeights[rule.name] ?? 0),
  };
  return { weights, probability: (logit) => 1 / (1 + Math.exp(-(logit - model.offset) * model.slope)) };
}
