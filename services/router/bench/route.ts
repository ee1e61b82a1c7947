/**
 * CPU of the router for one call, against an upstream in a process of its own that answers the same bytes at once.
 * `node bench/route.ts [plain|stream|pool-dispatch|pool-stream|pool-request] [requests] [concurrency]`; the `pool-…`
 * modes call undici alone, as the floor.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Body } from '@sluice/bus';
import { Pool } from 'undici';
import { contextFor, drain, envelopeFor, openRouter } from '../src/router-harness.ts';

const [mode = 'plain', requestsText = '20000', concurrencyText = '64'] = process.argv.slice(2);
const requests = Number(requestsText);
const concurrency = Number(concurrencyText);
const body = { model: 'chat', messages: [{ role: 'user', content: 'Write a short sentence about the sea.'.repeat(8) }] };
const bytes = Buffer.from(JSON.stringify(body));

const upstream = spawn(process.execPath, [fileURLToPath(new URL('./trivial-upstream.ts', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [address] = (await once(upstream.stdout, 'data')) as [Buffer]; // a stream emits buffers unless told otherwise
const origin = address.toString().trim();

const router = openRouter(
  {
    providers: [{ name: 'bench', type: 'openai-compatible', baseUrl: `${origin}/v1`, apiKey: 'bench' }],
    models: [{ name: 'chat', targets: [{ provider: 'bench', model: 'gpt-4o-mini', price: { inputPerMillion: 1, outputPerMillion: 2 } }] }],
  },
  { settings: { SWEEP_INTERVAL_MS: 50 } },
);
const pool = new Pool(origin, { connections: 256, headersTimeout: 0, bodyTimeout: 0, allowH2: false });
const options = {
  path: '/v1/chat/completions',
  method: 'POST',
  headers: ['content-type', 'application/json', 'authorization', 'Bearer bench'],
  body: bytes,
};

// Made once: on the bus they come from the message, and are not the router's cost.
const context = contextFor({ context: { deadline: Date.now() + 600_000 } });
const plainRequest = { envelope: envelopeFor(body), body: Body.of(bytes) };
const streamBody = { ...body, stream: true };
const streamRequest = { envelope: envelopeFor(streamBody), body: Body.of(Buffer.from(JSON.stringify(streamBody))) };

const calls: Record<string, () => Promise<unknown>> = {
  plain: async () => {
    const outcome = await router.stage.handle(plainRequest, context);
    if (outcome.kind !== 'reply') throw new Error(outcome.kind);
  },
  stream: async () => {
    const outcome = await router.stage.handle(streamRequest, context);
    if (outcome.kind !== 'stream') throw new Error(outcome.kind);
    await drain(outcome);
  },
  'pool-dispatch': () =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      pool.dispatch(options, {
        onRequestStart() {
          // Required by undici.
        },
        onResponseStart() {
          // Required by undici.
        },
        onResponseData: (_controller, chunk) => parts.push(chunk),
        onResponseEnd: () => {
          resolve(parts);
        },
        onResponseError: (_controller, error) => {
          reject(error);
        },
      });
    }),
  'pool-stream': async () => {
    const parts: Buffer[] = [];
    await pool.stream(options, () => {
      return new Writable({
        write(chunk: Buffer, _encoding, done) {
          parts.push(chunk);
          done();
        },
      });
    });
  },
  'pool-request': async () => {
    const { body: answer } = await pool.request(options);
    return answer.bytes();
  },
};
const call = calls[mode];
if (call === undefined) throw new Error(`modes: ${Object.keys(calls).join(', ')}`);

await run(call, Math.ceil(requests / 4));
const before = process.cpuUsage();
const startedAt = performance.now();
await run(call, requests);
const elapsedMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(before);
const perCall = (user + system) / requests;
process.stdout.write(
  `${mode}: ${perCall.toFixed(1)} µs CPU a call (user ${(user / requests).toFixed(1)}, system ${(system / requests).toFixed(1)}), ` +
    `${Math.round((requests / elapsedMs) * 1_000)} calls a second at ${concurrency}\n`,
);
await router.close();
await pool.destroy();
upstream.kill();

async function run(work: () => Promise<unknown>, count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
