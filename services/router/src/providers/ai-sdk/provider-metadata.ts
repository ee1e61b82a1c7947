import { isRecord } from '@sluice/contracts';
import type { JsonObject, Signature } from '@sluice/dialects';

/**
 * What a package says about a part of its answer (Anthropic's signature, Google's thoughtSignature), as one opaque
 * token: it goes back as `providerOptions` of the same part, where each package reads only what stands under its own name.
 */
export function sealMetadata(metadata: unknown): Signature | undefined {
  if (!isRecord(metadata) || Object.values(metadata).every((value) => !isRecord(value) || Object.keys(value).length === 0)) {
    return undefined;
  }
  return { wire: 'ai-sdk', value: Buffer.from(JSON.stringify(metadata)).toString('base64url') };
}

/** Undefined for another's signature, and for one that was tampered with. */
export function openMetadata(signature: Signature | undefined): JsonObject | undefined {
  if (signature?.wire !== 'ai-sdk') return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(signature.value, 'base64url').toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Both, member by member of each package's name: a package tells them in pieces. */
export function mergeMetadata(earlier: JsonObject, later: unknown): JsonObject {
  if (!isRecord(later)) return earlier;
  const merged: Record<string, unknown> = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    const known = merged[name];
    merged[name] = isRecord(known) && isRecord(value) ? { ...known, ...value } : value;
  }
  return merged;
}

/** The thought itself, sealed, and not only a proof of it: Anthropic's and OpenAI's names for it. */
export function holdsThought(metadata: unknown): boolean {
  if (!isRecord(metadata)) return false;
  return Object.values(metadata).some((value) => isRecord(value) && ('redactedData' in value || 'reasoningEncryptedContent' in value));
}
