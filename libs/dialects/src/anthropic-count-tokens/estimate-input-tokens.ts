import type { ModelRequest, Part, Tool, Turn } from '../neutral/model-request.ts';

/** Anthropic's figure for an image of about a megapixel, the size to which it scales larger ones (documentation on vision). */
const imageTokens = 1_600;
/** Anthropic states 1,500 to 3,000 tokens of text for a page of a PDF; and a page is about 50 kB. */
const pageTokens = 2_000;
const bytesOfPage = 50_000;
/** What a format adds around a turn, a call and a tool: role, names of members, braces. */
const turnTokens = 4;
const callTokens = 12;
const toolTokens = 20;
/** The instruction by which tools are explained to a model, as Anthropic states it for `auto` (documentation on tool use). */
const toolUseTokens = 346;

/**
 * Tokens that a request's input will be, where nobody can say exactly.
 * @param countText tokens of a text
 */
export function estimateInputTokens(request: ModelRequest, countText: (text: string) => number): number {
  let total = request.tools.length === 0 ? 0 : toolUseTokens;
  for (const tool of request.tools) total += toolTokens + countText(textOfTool(tool));
  for (const turn of request.turns) total += countTurn(turn, countText);
  if (request.output?.type === 'json-schema') total += countText(JSON.stringify(request.output.schema));
  return total;
}

function countTurn({ parts }: Turn, countText: (text: string) => number): number {
  return parts.reduce((sum, part) => sum + countPart(part, countText), turnTokens);
}

function countPart(part: Part, countText: (text: string) => number): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return countText(part.text);
    case 'image':
      return imageTokens;
    case 'audio':
      // A second of speech is about 10 tokens for models that hear, and 32 kB of 16-bit PCM at 16 kHz.
      return Math.ceil((part.data.length * 3) / 4 / 3_200);
    case 'file':
      return countFile(part.source, countText);
    case 'tool-call':
      return callTokens + countText(`${part.name} ${part.input}`);
    case 'tool-result':
      return part.parts.reduce((sum, inner) => sum + countPart(inner, countText), callTokens);
    case 'native':
      return countText(JSON.stringify(part.value));
  }
}

function countFile(source: Extract<Part, { type: 'file' }>['source'], countText: (text: string) => number): number {
  if (source.kind !== 'data') return pageTokens;
  if (source.mediaType.startsWith('text/')) return countText(Buffer.from(source.data, 'base64').toString('utf8'));
  return pageTokens * Math.max(1, Math.ceil((source.data.length * 3) / 4 / bytesOfPage));
}

function textOfTool(tool: Tool): string {
  if (tool.type === 'native') return JSON.stringify(tool.value);
  const schema = tool.type === 'function' ? tool.parameters : tool.format;
  return `${tool.name} ${tool.description ?? ''} ${schema === undefined ? '' : JSON.stringify(schema)}`;
}
