import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bytesOf } from '../fake-upstream.ts';
import { at, textAt } from '../json-path.ts';
import { embeddingAnswer } from './embedding-answer.ts';
import { river, riverText, schemaMember, toolName, town } from './features.ts';
import { upstreamAnswer, type Content } from './upstream-answer.ts';

/** A provider of every format at once: what it answers follows from the path and from what is asked. */
export interface CoverageUpstream {
  readonly url: string;
  /** Body of the last call below this address. */
  lastBody(name: string): string;
  stop(): Promise<void>;
}

type Wire = Parameters<typeof upstreamAnswer>[0];

/** The first that fits; `$` behind the path without its query. */
const routes: readonly { readonly path: RegExp; readonly wire: Wire; readonly streams?: RegExp }[] = [
  { path: /\/chat\/completions$/, wire: 'chat' },
  { path: /\/completions$/, wire: 'completions' },
  { path: /\/responses$/, wire: 'responses' },
  { path: /\/messages$/, wire: 'messages' },
  { path: /:(raw|streamRaw)Predict$/, wire: 'messages', streams: /:streamRawPredict$/ },
  { path: /:(generateContent|streamGenerateContent)$/, wire: 'gemini', streams: /:streamGenerateContent$/ },
  { path: /\/converse(-stream)?$/, wire: 'bedrock', streams: /-stream$/ },
  { path: /\/v2\/chat$/, wire: 'cohere' },
];

export async function startCoverageUpstream(): Promise<CoverageUpstream> {
  const bodies = new Map<string, string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const [path = ''] = decodeURIComponent(request.url ?? '').split('?');
      const text = Buffer.concat(chunks).toString();
      bodies.set(path.split('/')[1] ?? '', text);
      const answer = answerTo(path, JSON.parse(text === '' ? '{}' : text));
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    lastBody: (name) => bodies.get(name) ?? '',
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerTo(path: string, body: unknown): { status: number; type: string; bytes: Buffer } {
  const vectors = embeddingAnswer(path, body);
  if (vectors !== undefined) return { status: 200, type: 'application/json', bytes: Buffer.from(JSON.stringify(vectors)) };
  if (/\/count_tokens$|\/count-tokens:rawPredict$/.test(path))
    return { status: 200, type: 'application/json', bytes: Buffer.from('{"input_tokens":12}') };
  const route = routes.find((candidate) => candidate.path.test(path));
  if (route === undefined) return { status: 404, type: 'application/json', bytes: Buffer.from('{"error":{"message":"no such path"}}') };
  const streamed = route.streams?.test(path) ?? at(body, 'stream') === true;
  const recording = upstreamAnswer(route.wire, contentFor(body), streamed);
  const binary = route.wire === 'bedrock' && streamed;
  const type = binary ? 'application/vnd.amazon.eventstream' : streamed ? 'text/event-stream' : 'application/json';
  return { status: 200, type, bytes: bytesOf(recording) };
}

/** A call where the tool is offered, an object where its schema is asked for, else a text. */
function contentFor(body: unknown): Content {
  const text = JSON.stringify(body);
  if (text.includes(`"${toolName}"`)) return { call: { name: toolName, input: town } };
  if (!text.includes(schemaMember)) return { text: riverText };
  // Formats without schemas are given a tool that the model must call.
  const forced =
    textAt(body, 'toolConfig', 'toolChoice', 'tool', 'name') ||
    (textAt(body, 'tool_choice', 'type') === 'tool' ? textAt(body, 'tool_choice', 'name') : '');
  return forced === '' ? { text: JSON.stringify(river) } : { call: { name: forced, input: river } };
}
