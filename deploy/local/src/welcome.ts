import { join } from 'node:path';

export interface Reached {
  readonly url: string;
  readonly controlUrl: string;
  readonly key: string;
}

const askTimeoutMs = 5_000;

/** Whether the gateway knows the first key: a configuration that brings its own organisations has no place for it. */
export async function knowsKey({ url, key }: Reached): Promise<boolean> {
  const answer = await fetch(`${url}/v1/models`, {
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(askTimeoutMs),
  });
  return answer.status === 200;
}

/** What is printed once everything is ready. */
export function welcome(reached: Reached, dataDir: string, keyIsKnown: boolean): string {
  const { url, controlUrl, key } = reached;
  const shown = keyIsKnown ? key : 'of your configuration’s organisations';
  const used = keyIsKnown ? key : '$KEY';
  return `
  Sluice is ready

    endpoint   ${url}/v1        (OpenAI-compatible; model "sim" needs no account)
    control    ${controlUrl}           (admin token: ${join(dataDir, 'admin-token')}, or SLUICE_ADMIN_TOKEN)
    key        ${shown}

  curl ${url}/v1/chat/completions -H "authorization: Bearer ${used}" \\
    -H 'content-type: application/json' -d '{"model":"sim","messages":[{"role":"user","content":"Hello"}]}'

  Ctrl-C stops it.

`;
}
