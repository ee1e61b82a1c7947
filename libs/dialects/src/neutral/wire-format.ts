/** Formats in which providers are spoken to; those of them that clients speak too bear the dialect's name. */
export const wireFormats = [
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'openai-embeddings',
  'anthropic-messages',
  'anthropic-count-tokens',
  'gemini',
  'bedrock-converse',
  'cohere-chat',
  'ai-sdk',
] as const;
export type WireFormat = (typeof wireFormats)[number];

/** An opaque token by which the provider that made it recognises a thought. Another provider would refuse it. */
export interface Signature {
  readonly wire: WireFormat;
  readonly value: string;
}

const prefix = 'sluice';
/** How a sealed signature of another format begins. */
export const signatureMark = `${prefix}.`;

/**
 * A signature as a string of a client's dialect. One of the dialect's own format stays as its provider wrote it; a
 * foreign one is marked with where it comes from, so that it never reaches a provider that did not make it.
 */
export function sealSignature(signature: Signature, own: WireFormat): string {
  return signature.wire === own ? signature.value : `${prefix}.${signature.wire}.${signature.value}`;
}

/** What {@link sealSignature} made, or a signature of the dialect's own format. */
export function openSignature(text: string, own: WireFormat): Signature {
  const [mark, wire, ...value] = text.split('.');
  const known = wireFormats.find((format) => format === wire);
  return mark === prefix && known !== undefined ? { wire: known, value: value.join('.') } : { wire: own, value: text };
}
