import { AhoCorasick } from '../../aho-corasick.ts';
import { letter } from '../../normalise/character-class.ts';
import { Folder } from '../../normalise/fold.ts';
import type { CompiledDetector, Detector, Finding } from '../../detector.ts';
import type { Detection } from '@sluice/contracts';

/** Detections reported for one chunk; the action is decided by the first. */
const maxDetections = 256;

/** The policy's own words, matched on word borders in folded text, so that case, accents and look-alikes do not matter. */
export function createDenylistDetector(): Detector {
  return {
    name: 'denylist',
    version: '1',
    compile({ denylist }): CompiledDetector {
      if (denylist.length === 0) return { name: 'denylist', inspect: () => ({ detections: [] }) };
      return compileDenylist(denylist);
    },
  };
}

function compileDenylist(phrases: readonly string[]): CompiledDetector {
  const folder = new Folder();
  const words = phrases.map((phrase) => {
    const { codes, length } = folder.fold(phrase.trim());
    return String.fromCharCode(...codes.subarray(0, length));
  });
  const automaton = new AhoCorasick(words);
  const { classes } = folder;

  function search(codes: Uint16Array, length: number, found: (start: number, end: number) => void): void {
    let count = 0;
    automaton.search(codes, length, (word, end) => {
      const start = end - (words[word]?.length ?? 0);
      if (count < maxDetections && isBorder(codes, length, classes, start) && isBorder(codes, length, classes, end)) {
        count++;
        found(start, end);
      }
    });
  }

  return {
    name: 'denylist',
    inspect({ folded, hidden, sourceSpan }): Finding {
      const detections: Detection[] = [];
      search(folded.codes, folded.length, (start, end) => detections.push(detectionAt(sourceSpan(start, end))));
      for (const layer of hidden) {
        if (!layer.borderless) search(layer.codes, layer.length, () => detections.push(detectionAt(layer)));
      }
      return { detections: detections.slice(0, maxDetections) };
    },
  };
}

/** Ideographs have no word borders; between any two others a border lies where they are not both letters. */
function isBorder(codes: Uint16Array, length: number, classes: Uint8Array, at: number): boolean {
  return at === 0 || at >= length || classes[codes[at - 1] ?? 0] !== letter || classes[codes[at] ?? 0] !== letter;
}

function detectionAt({ start, end }: { readonly start: number; readonly end: number }): Detection {
  return { detector: 'denylist', category: 'denied_phrase', owasp: ['2025:LLM01', '2026:LLM01'], score: 1, start, end };
}
