import { AhoCorasick } from '../../aho-corasick.ts';
import { letter } from '../../normalise/character-class.ts';
import { secretPatterns } from './patterns.ts';
import type { CompiledDetector, Detector, Finding } from '../../detector.ts';
import type { Detection } from '@sluice/contracts';

/** Places in one chunk at which a shape is tried; a text with more anchors than this is searched no further and counts what it has. */
const maxDetections = 256;

/** A chunk with more look-alikes than this is made to wear the checks out: from there on the shape alone counts. */
const maxFailedChecks = 256;
/** Every shape but that of private keys (five dashes) has a stretch of this length without white space. */
const minUnbroken = 13;
const nothing: Finding = { detections: [] };

/** API keys, tokens and private keys of the well-known providers. One pass finds the anchors; shapes are tried there alone. */
export function createSecretsDetector(): Detector {
  const anchors = secretPatterns.flatMap((pattern) => pattern.anchors.map((anchor) => ({ pattern, anchor })));
  const automaton = new AhoCorasick(anchors.map(({ anchor }) => anchor));

  function search(
    text: string,
    codes: Uint16Array,
    length: number,
    classes: Uint8Array,
    place: (at: number) => number,
    found: (detection: Detection) => void,
    ascii: boolean,
  ): void {
    let coveredTo = -1;
    let count = 0;
    let failed = 0;
    automaton.search(
      codes,
      length,
      (word, end) => {
        const entry = anchors[word];
        if (entry === undefined || count >= maxDetections) return;
        const { pattern, anchor } = entry;
        const first = end - anchor.length;
        const at = place(first);
        if (at < coveredTo) return;
        if (
          first > 0 &&
          classes[codes[first] ?? 0] === letter &&
          classes[codes[first - 1] ?? 0] === letter &&
          pattern.category !== 'generic_secret'
        )
          return;
        const { shape } = pattern;
        shape.lastIndex = at;
        const match = shape.exec(text)?.[0];
        if (match === undefined) return;
        if (pattern.check?.(match) === false && (pattern.category === 'generic_secret' || ++failed <= maxFailedChecks)) return;
        count++;
        coveredTo = at + match.length;
        found({
          detector: 'secrets',
          category: pattern.category,
          owasp: ['2025:LLM02', '2026:LLM02'],
          score: pattern.score,
          start: at,
          end: coveredTo,
        });
      },
      ascii,
    );
  }

  const compiled: CompiledDetector = {
    name: 'secrets',
    inspect({ source, folded, hidden, classes }): Finding {
      const { offsets, hints } = folded;
      if (hints.longestUnbroken < minUnbroken && !hints.dashes && hidden.length === 0) return nothing;
      const detections: Detection[] = [];
      if (hints.longestUnbroken >= minUnbroken || hints.dashes) {
        search(
          source,
          folded.codes,
          folded.length,
          classes,
          (at) => offsets?.[at] ?? at,
          (detection) => detections.push(detection),
          folded.ascii,
        );
      }
      for (const layer of hidden) {
        // folding may drop characters of decoded text; its own offsets are then a little off, and the shape simply fails
        search(
          layer.text,
          layer.codes,
          layer.length,
          classes,
          (at) => at,
          (detection) => {
            if (!layer.borderless && layer.end - layer.start < source.length)
              detections.push({ ...detection, start: layer.start, end: layer.end });
          },
          false,
        );
      }
      return { detections: detections.slice(0, maxDetections) };
    },
  };
  return { name: 'secrets', version: '1', compile: () => compiled };
}
