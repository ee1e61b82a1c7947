export interface BodyPatch {
  readonly model?: string;
  /** `true` sets `stream_options.include_usage`, keeping the other stream options; `false` turns it off where it is set. */
  readonly includeUsage?: boolean;
  readonly stream?: boolean;
}

/** Edits top-level members of a JSON object by splicing bytes. @throws SluiceError `invalid_request` where the bytes are not a JSON object */
export function rewriteBody(bytes: Uint8Array, patch: BodyPatch): Uint8Array {
  void patch;
  void bytes;
  throw new Error('under way');
}
