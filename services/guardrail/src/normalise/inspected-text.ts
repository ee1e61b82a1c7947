import { decodeHidden } from './decode.ts';
import type { FoldedText, Folder } from './fold.ts';

/** Text that hid behind an encoding, already folded into buffers of its own. */
export interface HiddenText {
  readonly codes: Uint16Array;
  readonly length: number;
  /** The decoded text before folding. */
  readonly text: string;
  /** The encoded stretch of the source. */
  readonly start: number;
  readonly end: number;
  /** Word borders were lost in what was decoded. */
  readonly borderless: boolean;
}

/**
 * Who speaks: the application that calls (roles system and developer), which names attacks in order to forbid them; the
 * model, whose answers are searched for what leaks; anybody else.
 */
export type Speaker = 'application' | 'model' | 'other';

/** One chunk of text in all the forms in which detectors look at it. */
export interface InspectedText {
  readonly source: string;
  readonly speaker: Speaker;
  readonly folded: FoldedText;
  readonly hidden: readonly HiddenText[];
  /** Word, mark, space or ideograph for each folded unit. */
  readonly classes: Uint8Array;
  /** The stretch of the source for a stretch of the folded text. */
  readonly sourceSpan: (start: number, end: number) => { readonly start: number; readonly end: number };
}

/** @param hiddenFolder a second folder, since the first one's buffers hold the text itself */
export function inspectText(source: string, folder: Folder, hiddenFolder: Folder, speaker: Speaker = 'other'): InspectedText {
  const folded = folder.fold(source);
  const hidden = decodeHidden(source, folded, folder.classes).map((found): HiddenText => {
    const again = hiddenFolder.fold(found.text);
    return { ...found, codes: again.codes.slice(0, again.length), length: again.length };
  });
  const { offsets } = folded;
  return {
    source,
    speaker,
    folded,
    hidden,
    classes: folder.classes,
    sourceSpan(start, end) {
      if (offsets === undefined) return { start, end };
      return { start: offsets[start] ?? 0, end: (offsets[Math.max(start, end - 1)] ?? 0) + 1 };
    },
  };
}
