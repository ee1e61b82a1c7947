import { openSignature, sealSignature, type Signature } from '../neutral/wire-format.ts';

const wire = 'openai-responses';

/**
 * What a signature of another format belongs to. `open`: it proves the text beside it; `sealed`: it is the thought
 * itself; `call`: it stands on the function call that follows, for which this API has no place.
 */
export type ThoughtKind = 'open' | 'sealed' | 'call';
const kinds: readonly ThoughtKind[] = ['open', 'sealed', 'call'];

/** A signature as `encrypted_content`, the one member that clients give back as they got it. OpenAI's own stays as it is. */
export function sealThought(signature: Signature, kind: ThoughtKind): string {
  const sealed = sealSignature(signature, wire);
  return signature.wire === wire ? sealed : `${sealed}.${kind}`;
}

/** What {@link sealThought} made, or OpenAI's own. */
export function openThought(text: string): { readonly signature: Signature; readonly kind: ThoughtKind } {
  const signature = openSignature(text, wire);
  if (signature.wire === wire) return { signature, kind: 'sealed' };
  const end = signature.value.lastIndexOf('.');
  const kind = kinds.find((known) => known === signature.value.slice(end + 1));
  if (kind === undefined) return { signature, kind: 'open' };
  return { signature: { wire: signature.wire, value: signature.value.slice(0, end) }, kind };
}
