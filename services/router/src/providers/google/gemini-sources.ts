import type { AnswerEvent, Annotation, JsonObject } from '@sluice/dialects';
import { countAt, objectAt, objectsAt, textAt } from './json-fields.ts';

/** Sources and references of one answer that are looked at; Google names a few dozen. */
const maxReferences = 1_000;
/** Longest text in which references are placed, characters. Beyond it they come without a place. */
const maxPlacedCharacters = 1_048_576;

interface WrittenText {
  readonly part: number;
  readonly pieces: string[];
}

interface Place {
  readonly part: number;
  readonly start?: number;
  readonly end?: number;
}

/**
 * The sources that an answer refers to. Google tells them at the end, and repeats them grown in streams: the last ones
 * count. Places are byte offsets of a text that may be cut otherwise than ours, so a place counts only where the words agree.
 */
export class GeminiSources {
  readonly #texts: WrittenText[] = [];
  #characters = 0;
  #grounding: JsonObject | undefined;
  #citations: readonly JsonObject[] = [];

  wrote(part: number, text: string): void {
    this.#characters += text.length;
    if (this.#characters > maxPlacedCharacters) return;
    const last = this.#texts.at(-1);
    if (last?.part === part) last.pieces.push(text);
    else this.#texts.push({ part, pieces: [text] });
  }

  read(candidate: JsonObject): void {
    const grounding = objectAt(candidate, 'groundingMetadata');
    if (grounding !== undefined && objectsAt(grounding, 'groundingChunks').length > 0) this.#grounding = grounding;
    const cited = objectAt(candidate, 'citationMetadata');
    // The Gemini API's word and Vertex's.
    const citations = cited === undefined ? [] : [...objectsAt(cited, 'citationSources'), ...objectsAt(cited, 'citations')];
    if (citations.length > 0) this.#citations = citations;
  }

  /** Empty where the answer has no text to which they could belong. */
  events(): AnswerEvent[] {
    if (this.#grounding === undefined && this.#citations.length === 0) return [];
    const texts = this.#texts.map(({ part, pieces }) => {
      const text = pieces.join('');
      return { part, text, bytes: Buffer.from(text) };
    });
    const last = texts.at(-1);
    if (last === undefined) return [];
    const whole = { part: last.part };
    const grounded = this.#grounding === undefined ? [] : groundingOf(this.#grounding, (segment) => placeOf(texts, segment) ?? whole);
    const cited = this.#citations.slice(0, maxReferences).flatMap((citation) => {
      const url = textAt(citation, 'uri');
      return url === undefined ? [] : [annotationEvent({ url, ...titleOf(citation) }, placeByBytes(texts, citation) ?? whole)];
    });
    return [...grounded, ...cited];
  }
}

interface Text {
  readonly part: number;
  readonly text: string;
  readonly bytes: Buffer;
}

function groundingOf(grounding: JsonObject, place: (segment: JsonObject) => Place): AnswerEvent[] {
  const sources = objectsAt(grounding, 'groundingChunks').slice(0, maxReferences).map(sourceOf);
  const used = new Set<number>();
  const events: AnswerEvent[] = [];
  for (const support of objectsAt(grounding, 'groundingSupports').slice(0, maxReferences)) {
    const indices: unknown = support.groundingChunkIndices;
    const found = place(objectAt(support, 'segment') ?? {});
    for (const index of Array.isArray(indices) ? indices.slice(0, maxReferences) : []) {
      const source = typeof index === 'number' ? sources[index] : undefined;
      if (source === undefined || events.length >= maxReferences) continue;
      used.add(Number(index));
      events.push(annotationEvent(source, found));
    }
  }
  // Sources to which no sentence refers were read all the same.
  sources.forEach((source, index) => {
    if (source !== undefined && !used.has(index)) events.push(annotationEvent(source, { part: place({}).part }));
  });
  return events;
}

/** Of the web, of a store of documents, of Maps: one address and title each. */
function sourceOf(chunk: JsonObject): Annotation | undefined {
  for (const kind of ['web', 'retrievedContext', 'maps', 'image']) {
    const source = objectAt(chunk, kind);
    const url = source === undefined ? undefined : (textAt(source, 'uri') ?? textAt(source, 'sourceUri'));
    if (source !== undefined && url !== undefined) return { url, ...titleOf(source) };
  }
  return undefined;
}

function titleOf(source: JsonObject): { readonly title?: string } {
  const title = textAt(source, 'title');
  return title === undefined ? {} : { title };
}

function annotationEvent(source: Annotation, { part, ...place }: Place): AnswerEvent {
  return { type: 'annotation', part, annotation: { ...source, ...place } };
}

function placeOf(texts: readonly Text[], segment: JsonObject): Place | undefined {
  const words = textAt(segment, 'text');
  if (words === undefined || words === '') return undefined;
  const told = placeByBytes(texts, segment, words);
  if (told !== undefined) return told;
  for (const { part, text } of texts) {
    const start = text.indexOf(words);
    if (start !== -1) return { part, start, end: start + words.length };
  }
  return undefined;
}

/** Google counts bytes of UTF-8, we count UTF-16. `words`: what must stand there. */
function placeByBytes(texts: readonly Text[], segment: JsonObject, words?: string): Place | undefined {
  const start = countAt(segment, 'startIndex') ?? 0;
  const end = countAt(segment, 'endIndex');
  if (end === undefined) return undefined;
  for (const { part, bytes } of texts) {
    if (end > bytes.length || end <= start) continue;
    const found = bytes.subarray(start, end).toString();
    if (words !== undefined && found !== words) continue;
    const from = bytes.subarray(0, start).toString().length;
    return { part, start: from, end: from + found.length };
  }
  return undefined;
}
