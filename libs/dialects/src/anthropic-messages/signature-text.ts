import type { ReasoningPart } from '../neutral/model-request.ts';
import { openSignature, sealSignature, type Signature } from '../neutral/wire-format.ts';

/** Stands between a foreign signature and the name of the thought; base64 has no such character. */
const mark = '#';

/** A signature as it stands in a thinking block; one of another format takes the name of its thought along. */
export function signatureText(signature: Signature, id: string | undefined): string {
  const text = sealSignature(signature, 'anthropic-messages');
  return id === undefined || signature.wire === 'anthropic-messages' ? text : `${text}${mark}${id}`;
}

/** What {@link signatureText} made, or what Anthropic signed. */
export function readSignature(text: string): Pick<ReasoningPart, 'signature' | 'id' | 'sealed'> {
  const opened = openSignature(text, 'anthropic-messages');
  if (opened.wire === 'anthropic-messages') return { signature: opened };
  const at = opened.value.lastIndexOf(mark);
  const signature = at === -1 ? opened : { wire: opened.wire, value: opened.value.slice(0, at) };
  return {
    signature,
    ...(at === -1 ? {} : { id: opened.value.slice(at + mark.length) }),
    // OpenAI seals each thought of which it gives a token at all.
    ...(opened.wire === 'openai-responses' ? { sealed: true } : {}),
  };
}
