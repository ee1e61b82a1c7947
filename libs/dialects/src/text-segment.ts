/** Who speaks a text, as far as its place in the body tells. */
export type TextRole = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/** One text that a model reads or has written, and where it stands. */
export interface TextSegment {
  readonly text: string;
  readonly role: TextRole;
  /**
   * `json` only for a JSON document inside a string (tool-call arguments) that does not parse: it comes as one raw
   * text, escapes and all. One that parses comes as a `text` segment for each string in it.
   */
  readonly kind: 'text' | 'json';
  /** Dot path of the string in the body, e.g. `messages.0.content.1.text`; strings in one JSON document share its path. */
  readonly path: string;
  /** Belongs to the last message of the role `user` (or to the whole input, where a dialect has no messages). */
  readonly last: boolean;
}

/** Gives the text that stands in a segment's place; the same text leaves the body alone. Must not keep state by order. */
export type ReplaceText = (segment: TextSegment) => string;
