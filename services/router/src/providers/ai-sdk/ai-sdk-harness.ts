import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { providerSchema } from '@sluice/contracts';
import type { AnswerEvent, JsonObject, ModelRequest } from '@sluice/dialects';
import { Losses, SseParser } from '@sluice/dialects';
import type { Dispatcher } from 'undici';
import { aiSdk } from './adapter.ts';
import type { AiSdkTransport } from './ai-sdk-transport.ts';

/** What a handler of the router's hears of one call. */
export interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly error?: Error;
}

interface Steering {
  readonly onStart?: (controller: Dispatcher.DispatchController) => void;
  readonly onData?: (controller: Dispatcher.DispatchController, chunk: Buffer) => void;
}

/** One call over a transport, to its end. */
export function callOver(
  transport: Pick<AiSdkTransport, 'dispatch'>,
  path: string,
  body: JsonObject,
  steering: Steering = {},
): Promise<Heard> {
  return new Promise((resolve) => {
    let status = 0;
    let headers = {};
    const chunks: Buffer[] = [];
    const end = (error?: Error): void => {
      resolve({ status, headers, body: Buffer.concat(chunks).toString(), ...(error === undefined ? {} : { error }) });
    };
    transport.dispatch(
      { path, method: 'POST', headers: ['content-type', 'application/json', 'x-team', 'blue'], body: Buffer.from(JSON.stringify(body)) },
      {
        onRequestStart: (controller) => steering.onStart?.(controller),
        onResponseStart(_controller, code, list) {
          status = code;
          headers = list;
        },
        onResponseData(controller, chunk) {
          chunks.push(chunk);
          steering.onData?.(controller, chunk);
        },
        onResponseEnd: () => {
          end();
        },
        onResponseError: (_controller, error) => {
          end(error);
        },
      },
    );
  });
}

export function configOf(packageName: string, options: Readonly<Record<string, unknown>> = {}, fields: JsonObject = {}) {
  return providerSchema.parse({ name: 'bridge', type: 'ai-sdk', aiSdk: { package: packageName, options }, ...fields });
}

export function codecOf(packageName: string) {
  const [wire] = aiSdk.wires(configOf(packageName), 'm');
  if (wire?.codec === undefined) throw new Error('the first wire must have a codec');
  return wire.codec;
}

export function encode(fields: Partial<ModelRequest>, packageName = '@ai-sdk/mistral') {
  const request: ModelRequest = {
    source: 'openai-chat',
    model: 'm',
    stream: false,
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
    tools: [],
    sampling: {},
    rest: {},
    ...fields,
  };
  const losses = new Losses('refuse', 'provider "bridge"');
  const body = codecOf(packageName).encodeRequest(request, 'm', losses);
  return { body, dropped: losses.dropped };
}

/** The events of a stream that the transport wrote. */
export function decode(text: string): { events: AnswerEvent[]; complete: boolean } {
  const parser = new SseParser();
  const decoder = codecOf('x').createStreamDecoder();
  const events = [...parser.push(Buffer.from(text)), ...parser.end()].flatMap((event) => decoder.push(event));
  return { events: [...events, ...decoder.end()], complete: decoder.complete };
}

/** A provider on a real socket, closed by its owner. */
export async function serve(answer: (body: JsonObject, request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer(JSON.parse(Buffer.concat(chunks).toString() || '{}') as JsonObject, request, response); // the package wrote it
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
