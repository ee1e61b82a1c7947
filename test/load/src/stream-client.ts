import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';
import { monotonicNs } from './stamped-text.ts';

/** A piece of the answer's text as the client got it. */
export interface ReceivedText {
  readonly atNs: bigint;
  readonly text: string;
}

/** One streamed chat completion as a client saw it. */
export interface ReceivedStream {
  readonly sentNs: bigint;
  readonly texts: readonly ReceivedText[];
  readonly finishReason: string | undefined;
  /** `[DONE]` came. */
  readonly complete: boolean;
}

export interface StreamCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Keeps the connections of one gateway. */
  readonly agent: Agent;
  /** A stream that is silent for so long is lost. */
  readonly silenceMs: number;
}

const maxErrorCharacters = 500;
const maxStreamCharacters = 4_194_304;

/** Asks for one stream and reads all of it. @throws Error when it is refused, breaks, falls silent or holds an error */
export function readChatStream({ url, headers, body, agent, silenceMs }: StreamCall): Promise<ReceivedStream> {
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body));
    const call = httpRequest(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': length, ...headers } },
      (response) => {
        readEvents(response, sentNs).then(resolve, reject);
      },
    );
    call.setTimeout(silenceMs, () => {
      call.destroy(new Error(`nothing came for ${silenceMs / 1000} s`));
    });
    call.once('error', reject);
    const sentNs = monotonicNs();
    call.end(body);
  });
}

async function readEvents(response: IncomingMessage, sentNs: bigint): Promise<ReceivedStream> {
  response.setEncoding('utf8');
  const texts: ReceivedText[] = [];
  let finishReason: string | undefined;
  let complete = false;
  let rest = '';
  let total = 0;
  for await (const part of response) {
    // Taken before anything is parsed: what the client does is not the gateway's time.
    const atNs = monotonicNs();
    rest += String(part);
    total += String(part).length;
    if (total > maxStreamCharacters) throw new Error('the stream is longer than any that was asked for');
    if (response.statusCode !== 200) continue;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data:')) continue;
      const data = line.slice(5).trim();
      if (data === '[DONE]') complete = true;
      else {
        const { content, finish } = readChunk(data);
        if (content !== '') texts.push({ atNs, text: content });
        finishReason ??= finish;
      }
    }
  }
  if (response.statusCode !== 200) throw new Error(`${response.statusCode ?? 0} ${rest.slice(0, maxErrorCharacters)}`);
  return { sentNs, texts, finishReason, complete };
}

function readChunk(data: string): { content: string; finish: string | undefined } {
  // Safe: members are optional and read with care; what is no JSON throws.
  const chunk = JSON.parse(data) as {
    choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
    error?: { message?: string };
  };
  if (chunk.error !== undefined) throw new Error(`an error in the stream: ${chunk.error.message ?? data}`.slice(0, maxErrorCharacters));
  const choice = chunk.choices?.[0];
  return { content: choice?.delta?.content ?? '', finish: choice?.finish_reason ?? undefined };
}
