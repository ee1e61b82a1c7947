import type { FilePart, ImagePart, JsonObject, Losses, Part, ToolResultPart, Turn } from '@sluice/dialects';

export interface EncodedTurns {
  readonly messages: readonly JsonObject[];
  /** Text files: Cohere reads and cites them beside the conversation. */
  readonly documents: readonly JsonObject[];
}

/** @param thinks the model writes thoughts as content; others write a plan beside their calls */
export function encodeCohereTurns(turns: readonly Turn[], thinks: boolean, losses: Losses): EncodedTurns {
  const documents: JsonObject[] = [];
  const messages = turns.flatMap((turn, index) => {
    const path = `messages.${index}`;
    if (turn.name !== undefined) losses.hint(`${path}.name`);
    if (turn.role === 'tool') return encodeResults(turn, path, losses);
    if (turn.role === 'assistant') return encodeAssistant(turn, path, thinks, losses);
    return encodeSpeaker(turn, path, documents, losses);
  });
  return { messages, documents };
}

function encodeSpeaker(turn: Turn, path: string, documents: JsonObject[], losses: Losses): JsonObject[] {
  const content = turn.parts.flatMap((part, index) => asList(encodeContent(part, `${path}.content.${index}`, documents, losses)));
  const results = turn.parts.some((part) => part.type === 'tool-result') ? encodeResults(turn, path, losses) : [];
  if (content.length === 0) return results;
  const role = turn.role === 'user' ? 'user' : 'system';
  return [...results, { role, content: simplify(content) }];
}

function asList(value: JsonObject | undefined): readonly JsonObject[] {
  return value === undefined ? [] : [value];
}

/** One text is written plainly, which every model reads. */
function simplify(content: readonly JsonObject[]): string | readonly JsonObject[] {
  const [only] = content;
  return content.length === 1 && typeof only?.text === 'string' ? only.text : content;
}

function encodeContent(part: Part, path: string, documents: JsonObject[], losses: Losses): JsonObject | undefined {
  if ('cache' in part) losses.hint(`${path}.cache_control`);
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? undefined : { type: 'text', text: part.text };
    case 'image':
      return encodeImage(part, path, losses);
    case 'file': {
      const document = encodeDocument(part);
      if (document === undefined) losses.feature(path, 'reads files of text only, by their content');
      else documents.push(document);
      return undefined;
    }
    case 'native':
      if (part.wire === 'cohere-chat') return part.value;
      losses.feature(path);
      return undefined;
    case 'audio':
      losses.feature(path);
      return undefined;
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      return undefined;
  }
}

function encodeImage({ source, detail }: ImagePart, path: string, losses: Losses): JsonObject | undefined {
  if (source.kind === 'id') {
    losses.feature(path, 'has no files of its own');
    return undefined;
  }
  const url = source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
  return { type: 'image_url', image_url: { url, ...(detail === undefined ? {} : { detail }) } };
}

function encodeDocument({ source, name }: FilePart): JsonObject | undefined {
  if (source.kind !== 'data' || !/^text\/|^application\/json/.test(source.mediaType)) return undefined;
  return { data: { text: Buffer.from(source.data, 'base64').toString(), ...(name === undefined ? {} : { title: name }) } };
}

function encodeAssistant(turn: Turn, path: string, thinks: boolean, losses: Losses): JsonObject[] {
  const content = turn.parts.flatMap((part, index) => asList(encodeContent(part, `${path}.content.${index}`, [], losses)));
  // Signed thoughts are another provider's: Cohere signs none.
  const thought = turn.parts.flatMap((part) => (part.type === 'reasoning' && part.signature === undefined ? part.text : [])).join('');
  const calls = turn.parts.flatMap((part) =>
    part.type === 'tool-call' ? { id: part.id, type: 'function', function: { name: part.name, arguments: part.input } } : [],
  );
  const thinking = thinks && thought !== '' ? [{ type: 'thinking', thinking: thought }] : [];
  if (content.length + calls.length + thinking.length === 0) return [];
  return [
    {
      role: 'assistant',
      ...(content.length + thinking.length === 0 ? {} : { content: thinking.length === 0 ? simplify(content) : [...thinking, ...content] }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(calls.length === 0 || thinks || thought === '' ? {} : { tool_plan: thought }),
    },
  ];
}

function encodeResults(turn: Turn, path: string, losses: Losses): JsonObject[] {
  return turn.parts.flatMap((part, index) => (part.type === 'tool-result' ? [encodeResult(part, `${path}.content.${index}`, losses)] : []));
}

function encodeResult(part: ToolResultPart, path: string, losses: Losses): JsonObject {
  if (part.isError === true) losses.hint(`${path}.is_error`);
  const texts = part.parts.flatMap((inner, index) => {
    if (inner.type === 'text') return inner.text;
    losses.feature(`${path}.content.${index}`, 'takes results of tools as text only');
    return [];
  });
  return { role: 'tool', tool_call_id: part.callId, content: texts.join('') };
}
