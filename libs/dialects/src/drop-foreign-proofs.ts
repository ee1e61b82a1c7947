import type { Dialect } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from './json-value.ts';
import { signatureMark } from './neutral/wire-format.ts';

const quotedMark = `"${signatureMark}`;

/**
 * A body that passes as bytes to a provider of the client's own format, without the proofs of thoughts that other providers
 * made (see `sealSignature`): a client sends its history to whichever provider answers next, and each refuses foreign
 * proofs. Nearly all bodies hold none and come back as they are. The bytes are taken to be valid JSON.
 */
export function dropForeignProofs(dialect: Dialect, bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const drop = droppers[dialect];
  if (drop === undefined || !(buffer.includes(quotedMark) || holdsOwnThought(dialect, buffer) || holdsUnprovenThought(dialect, buffer)))
    return bytes;
  const body: unknown = JSON.parse(buffer.toString());
  return isObject(body) ? Buffer.from(JSON.stringify(drop(body))) : bytes;
}

/** Id of a thought that the gateway named because its provider had none: nobody could find it again. */
const ownThought = /^rs_[0-9a-z]{26}_\d+$/;
const quotedOwnThought = /"rs_[0-9a-z]{26}_\d+"/;

function holdsOwnThought(dialect: Dialect, buffer: Buffer): boolean {
  return dialect === 'openai-responses' && buffer.includes('"rs_') && quotedOwnThought.test(buffer.toString('latin1'));
}

/** A thought of a provider that signs nothing, as it was told to a client of Anthropic. */
function holdsUnprovenThought(dialect: Dialect, buffer: Buffer): boolean {
  const anthropic = dialect === 'anthropic-messages' || dialect === 'anthropic-count-tokens';
  return anthropic && (buffer.includes('"signature":""') || buffer.includes('"signature": ""'));
}

/** OpenAI takes no thought without its own proof: it looks for the id among those that it kept. */
function isForeignThought(item: unknown): boolean {
  if (!isObject(item) || item.type !== 'reasoning') return false;
  if (isForeign(item.encrypted_content)) return true;
  return typeof item.encrypted_content !== 'string' && typeof item.id === 'string' && ownThought.test(item.id);
}

const droppers: Partial<Record<Dialect, (body: JsonObject) => JsonObject>> = {
  'openai-chat': (body) => ({ ...body, messages: asArray(body.messages).map(withoutDetails) }),
  'openai-responses': (body) =>
    Array.isArray(body.input) ? { ...body, input: body.input.filter((item) => !isForeignThought(item)) } : body,
  'anthropic-messages': withoutThinking,
  'anthropic-count-tokens': withoutThinking,
};

/** A thought goes with its proof: Anthropic takes none without. A message of nothing else goes too. */
function withoutThinking(body: JsonObject): JsonObject {
  const messages = asArray(body.messages).flatMap((message) => {
    if (!isObject(message) || !Array.isArray(message.content)) return [message];
    const content = message.content.filter((block) => !isForeignBlock(block));
    return content.length === 0 && message.content.length > 0 ? [] : [{ ...message, content }];
  });
  return { ...body, messages };
}

function isForeignBlock(block: unknown): boolean {
  if (!isObject(block)) return false;
  return isForeign(block.signature) || isForeign(block.data) || (block.type === 'thinking' && block.signature === '');
}

/** The text of a thought stays: it stands in `reasoning_content` too. */
function withoutDetails(message: unknown): unknown {
  if (!isObject(message)) return message;
  const { reasoning_details: details, tool_calls: calls, ...rest } = message;
  const own = asArray(details).filter((item) => !(isObject(item) && (isForeign(item.signature) || isForeign(item.data))));
  return {
    ...rest,
    ...(own.length === 0 ? {} : { reasoning_details: own }),
    ...(calls === undefined ? {} : { tool_calls: Array.isArray(calls) ? calls.map(withoutCallProof) : calls }),
  };
}

function withoutCallProof(call: unknown): unknown {
  if (!isObject(call)) return call;
  const { extra_content: extra, ...rest } = call;
  const google = isObject(extra) && isObject(extra.google) ? extra.google : {};
  return isForeign(google.thought_signature) ? rest : call;
}

function isForeign(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith(signatureMark);
}
