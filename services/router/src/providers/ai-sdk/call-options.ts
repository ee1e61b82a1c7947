import { isRecord } from '@sluice/contracts';
import type { JsonObject } from '@sluice/dialects';
import type { LoadedModel } from './load-provider.ts';

type Version = LoadedModel['specificationVersion'];

/** A wish that the package's version of the interface has no words for. */
export class UnsupportedOption extends Error {}

/**
 * Makes call options of the model's own specification from the JSON of the fourth: addresses become objects, and files
 * take the form that their version has.
 *
 * @throws UnsupportedOption
 */
export function toCallOptions(call: JsonObject, version: Version): JsonObject {
  if (version !== 'v4') {
    for (const [name, field] of newOptions) {
      if (call[name] !== undefined) {
        throw new UnsupportedOption(
          `${field}: the installed provider package speaks ${version} of the AI SDK's interface, which has no such option; install a newer one.`,
        );
      }
    }
  }
  const prompt: readonly unknown[] | undefined = Array.isArray(call.prompt) ? call.prompt : undefined;
  return prompt === undefined ? call : { ...call, prompt: prompt.map((message) => adaptMessage(message, version)) };
}

/** Options of the fourth specification, by the fields that clients know. */
const newOptions = [
  ['reasoning', 'reasoning_effort'],
  ['dimensions', 'dimensions'],
] as const;

function adaptMessage(message: unknown, version: Version): unknown {
  if (!isRecord(message) || !Array.isArray(message.content)) return message;
  const content: readonly unknown[] = message.content;
  return { ...message, content: content.map((part) => (isRecord(part) ? adaptPart(part, version) : part)) };
}

function adaptPart(part: JsonObject, version: Version): JsonObject {
  if (part.type === 'file') return { ...part, data: adaptData(part.data, version) };
  const { output } = part;
  if (part.type !== 'tool-result' || !isRecord(output) || output.type !== 'content' || !Array.isArray(output.value)) return part;
  const value: readonly unknown[] = output.value;
  return { ...part, output: { ...output, value: value.map((item) => (isRecord(item) ? adaptResultItem(item, version) : item)) } };
}

/** v4 tells content from address by a type; before, base64 and an address object stood for themselves. */
function adaptData(data: unknown, version: Version): unknown {
  if (!isRecord(data)) return data;
  const url = typeof data.url === 'string' ? new URL(data.url) : undefined;
  if (version === 'v4') return url === undefined ? data : { type: 'url', url };
  return url ?? data.data;
}

function adaptResultItem(item: JsonObject, version: Version): JsonObject {
  const { data, mediaType } = item;
  if (item.type !== 'file' || !isRecord(data)) return item;
  if (version === 'v4') return { ...item, data: adaptData(data, version) };
  const kind = typeof mediaType === 'string' && mediaType.startsWith('image/') ? 'image' : 'file';
  if (data.type === 'url') {
    if (version === 'v3') return { type: `${kind}-url`, url: data.url };
    throw new UnsupportedOption('messages: the installed provider package takes files in results of tools by their content only.');
  }
  return version === 'v3' ? { type: `${kind}-data`, data: data.data, mediaType } : { type: 'media', data: data.data, mediaType };
}
