/** For specs: a provider on a real socket whose every answer is a function of the test. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedCall {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Script = (call: ScriptedCall, response: ServerResponse) => void;

export interface ScriptedProvider {
  readonly url: string;
  readonly calls: ScriptedCall[];
  script: Script;
  stop(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const calls: ScriptedCall[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const call = { path: request.url, headers: request.headers, body };
      calls.push(call);
      provider.script(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  const provider: ScriptedProvider = {
    url: `http://127.0.0.1:${port}/v1`,
    calls,
    script: completion('Hello.'),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

/** A whole answer of OpenAI chat. */
export function completion(content: string, finishReason = 'stop'): Script {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }];
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
  return json(200, { id: 'c', object: 'chat.completion', created: 1, model: 'sim', choices, usage });
}

/** A refusal in OpenAI's form. */
export function refusal(status: number, message: string): Script {
  return json(status, { error: { message, type: 'invalid_request_error', code: null } });
}

function json(status: number, body: object): Script {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}
