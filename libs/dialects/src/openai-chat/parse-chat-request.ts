/** What ingress needs to know of a chat request; the body itself travels on as it came. */
export interface ChatRequestFacts {
  readonly model: string;
  readonly stream: boolean;
  /** The client wants a usage chunk at the end of the stream. */
  readonly includeUsage: boolean;
  /** Most output tokens over all `n` choices; absent where the request sets no bound. */
  readonly maxOutputTokens?: number;
  readonly hasTools: boolean;
}

/** @throws SluiceError `invalid_request` that names the field at fault and the fix */
export function parseChatRequest(value: unknown): ChatRequestFacts {
  void value;
  throw new Error('under way');
}
