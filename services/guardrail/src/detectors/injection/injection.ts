import { createTokenBuffer, hashTokens } from './features.ts';
import { LeakMarkers } from './leak-markers.ts';
import { judgeByRules } from './judge-by-rules.ts';
import { RuleMatcher } from './rule-matcher.ts';
import { WindowScorer } from './window-scorer.ts';
import { loadModel } from './model.ts';
import { Folder } from '../../normalise/fold.ts';
import type { CompiledDetector, Detector, Finding } from '../../detector.ts';
import type { InspectedText } from '../../normalise/inspected-text.ts';
import type { Judged } from './judge-by-rules.ts';
import type { InjectionCategory } from './rules.ts';

const owaspOf: Readonly<Record<InjectionCategory, readonly string[]>> = {
  prompt_injection: ['2025:LLM01', '2026:LLM01'],
  jailbreak: ['2025:LLM01', '2026:LLM01'],
  prompt_leak: ['2025:LLM07', '2026:LLM08'],
};

/** Tokens of one chunk; a token has at least one character, so that a chunk never holds more. */
const maxTokens = 40_000;
/** Prompt injection, jailbreaks and attempts on the system prompt: rules over concepts joined with a learned score. */
export function createInjectionDetector(): Detector {
  const folder = new Folder();
  const foldEntry = (text: string) => {
    const { codes, length } = folder.fold(text);
    return String.fromCharCode(...codes.subarray(0, length));
  };
  const matcher = new RuleMatcher(folder.classes, foldEntry);
  const leaks = new LeakMarkers(foldEntry);
  const model = loadModel();
  const scorer = new WindowScorer(model.weights);
  const buffer = createTokenBuffer(maxTokens);

  function judge(
    codes: Uint16Array,
    length: number,
    classes: Uint8Array,
    borderless: boolean,
    application: boolean,
    ascii: boolean,
  ): Judged {
    const hits = matcher.match(codes, length, borderless, application, ascii);
    const ruled = judgeByRules(hits);
    if (borderless) return ruled;
    const tokens = hashTokens(codes, length, classes, buffer);
    const learned = scorer.best(buffer, tokens, hits);
    const probability = model.probability(learned.logit);
    const score = 1 - (1 - ruled.score) * (1 - probability);
    if (ruled.score >= probability) return { ...ruled, score };
    return {
      score,
      start: buffer.starts[learned.from] ?? 0,
      end: learned.to < tokens ? (buffer.starts[learned.to] ?? length) : length,
      category: ruled.score > 0.1 ? ruled.category : 'prompt_injection',
    };
  }

  return {
    name: 'injection',
    version: '1',
    compile({ threshold }): CompiledDetector {
      return {
        name: 'injection',
        inspect: (text) => (text.speaker === 'model' ? reportLeak(text, threshold, leaks) : report(text, threshold, judge)),
      };
    },
  };
}

/** An answer is no attack whatever it says; what counts is whether it gives the prompt away. */
function reportLeak(text: InspectedText, threshold: number, leaks: LeakMarkers): Finding {
  const leak = leaks.find(text.folded.codes, text.folded.length);
  if (leak === undefined) return { detections: [], attackScore: 0 };
  const { score } = leak;
  if (score < threshold) return { detections: [], attackScore: score };
  const owasp = [...owaspOf.prompt_leak];
  return {
    attackScore: score,
    detections: [{ detector: 'injection', category: 'prompt_leak', owasp, score, ...text.sourceSpan(leak.start, leak.end) }],
  };
}

function report(
  text: InspectedText,
  threshold: number,
  judge: (codes: Uint16Array, length: number, classes: Uint8Array, borderless: boolean, application: boolean, ascii: boolean) => Judged,
): Finding {
  const { folded, hidden, classes, speaker } = text;
  const open = judge(folded.codes, folded.length, classes, false, speaker === 'application', folded.ascii);
  let best = { ...open, ...text.sourceSpan(open.start, open.end) };
  for (const layer of hidden) {
    const judged = judge(layer.codes, layer.length, classes, layer.borderless, false, false);
    if (judged.score > best.score) best = { ...judged, start: layer.start, end: layer.end };
  }
  const score = Math.round(best.score * 10_000) / 10_000;
  if (score < threshold) return { detections: [], attackScore: score };
  const { category, start, end } = best;
  return { attackScore: score, detections: [{ detector: 'injection', category, owasp: [...owaspOf[category]], score, start, end }] };
}
