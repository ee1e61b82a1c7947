/** Puts what masking replaced back into one answer. */
export interface Restorer {
  /** A plain answer. Without anything to restore the same object comes back. Bytes that are not JSON pass as they are. */
  plain(bytes: Uint8Array): Uint8Array;
  /** One streamed answer; a new one for each stream. */
  stream(): StreamRestorer;
}

export interface StreamRestorer {
  /** Takes bytes split anywhere, gives whole events; what could be the head of a placeholder is held back. */
  push(bytes: Uint8Array): Uint8Array;
  /** What was still held back; call once, at the end of the stream. */
  end(): Uint8Array;
}
