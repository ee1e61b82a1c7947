import { Folder } from '../src/normalise/fold.ts';
import { createTokenBuffer, featuresPerToken, hashTokens } from '../src/detectors/injection/features.ts';
import { RuleMatcher } from '../src/detectors/injection/rule-matcher.ts';
import { WindowScorer } from '../src/detectors/injection/window-scorer.ts';
import type { InjectionWeights } from '../src/detectors/injection/window-scorer.ts';
import type { TokenBuffer } from '../src/detectors/injection/features.ts';
import type { RuleHit } from '../src/detectors/injection/rule-matcher.ts';
import type { Row } from './read-rows.ts';

/** Tokens of one text that are learned from; what lies behind is left out of training only. */
const maxTokens = 4096;

export interface Example {
  readonly source: string;
  readonly attack: boolean;
  readonly text: string;
  readonly tokens: number;
  readonly buffer: TokenBuffer;
  readonly hits: readonly RuleHit[];
  score(weights: InjectionWeights): number;
}

export function prepare(rows: readonly Row[]): Example[] {
  const folder = new Folder();
  const plain = (text: string) => {
    const { codes, length } = folder.fold(text);
    return String.fromCharCode(...codes.subarray(0, length));
  };
  const matcher = new RuleMatcher(folder.classes, plain);
  const scratch = createTokenBuffer(maxTokens);
  return rows.map((row) => {
    const { codes, length } = folder.fold(row.text);
    const hits = matcher.match(codes, length);
    const tokens = hashTokens(codes, length, folder.classes, scratch);
    const buffer = {
      buckets: scratch.buckets.slice(0, tokens * featuresPerToken),
      starts: scratch.starts.slice(0, tokens),
      capacity: tokens,
    };
    return { ...row, tokens, buffer, hits, score: (weights) => new WindowScorer(weights).best(buffer, tokens, hits).logit };
  });
}
