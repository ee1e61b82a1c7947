import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '@sluice/testing';
import { startTied, type TiedProcess } from './tied-process.ts';

export const upstreamModel = 'gpt-4o-mini';
export const upstreamAnswer = 'Bread rests so that its gluten relaxes and the yeast has time to raise the dough.';

/** About 400 bytes, as short as a model's answer gets: what is measured is the gateway. */
const completion = JSON.stringify({
  id: 'chatcmpl-fixed00000000000000000001',
  object: 'chat.completion',
  created: 1_767_225_600,
  model: upstreamModel,
  choices: [{ index: 0, message: { role: 'assistant', content: upstreamAnswer, refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 120, completion_tokens: 18, total_tokens: 138 },
  system_fingerprint: 'fp_fixed00001',
});

export interface Upstream extends TiedProcess {
  /** Ends in /v1. */
  readonly url: string;
}

/** nginx that answers every chat completion with the same bytes over kept connections. */
export async function startUpstream(folder: string): Promise<Upstream> {
  await mkdir(join(folder, 'temp'), { recursive: true });
  const port = await findFreePort();
  const file = join(folder, 'nginx.conf');
  await writeFile(file, nginxConfiguration(folder, port));
  const url = `http://127.0.0.1:${port}/v1`;
  const nginx = await startTied('nginx', 'nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', file], {
    isReady: async () => (await fetch(`${url}/models`)).status === 200,
  });
  return { ...nginx, url };
}

function nginxConfiguration(folder: string, port: number): string {
  // One process: it dies whole when it is killed, and one is far from busy here.
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/temp;
  proxy_temp_path ${folder}/temp;
  fastcgi_temp_path ${folder}/temp;
  uwsgi_temp_path ${folder}/temp;
  scgi_temp_path ${folder}/temp;
  client_body_buffer_size 64k;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  tcp_nodelay on;
  default_type application/json;
  server {
    listen 127.0.0.1:${port};
    location = /v1/models { return 200 '{"object":"list","data":[{"id":"${upstreamModel}","object":"model","created":1,"owned_by":"nginx"}]}'; }
    location = /v1/chat/completions { return 200 '${completion}'; }
  }
}
`;
}
