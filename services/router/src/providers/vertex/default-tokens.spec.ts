import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DefaultTokens } from './default-tokens.ts';

/** What decides where Google's library looks. */
const names = ['GCE_METADATA_HOST', 'METADATA_SERVER_DETECTION', 'GOOGLE_APPLICATION_CREDENTIALS', 'CLOUDSDK_CONFIG', 'HOME'] as const;
const before = names.map((name) => [name, process.env[name]] as const);

let server: Server;
let answers = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    const isToken = request.url?.includes('/token') === true;
    if (isToken) answers += 1;
    response.writeHead(200, { 'metadata-flavor': 'Google', 'content-type': 'application/json' });
    response.end(JSON.stringify(isToken ? { access_token: 'of-the-machine', expires_in: 3_600, token_type: 'Bearer' } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.GCE_METADATA_HOST = `127.0.0.1:${(server.address() as AddressInfo).port}`; // listens on TCP
  process.env.METADATA_SERVER_DETECTION = 'assume-present';
  process.env.HOME = '/nonexistent';
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  delete process.env.CLOUDSDK_CONFIG;
});

afterAll(() => {
  server.close();
  for (const [name, value] of before) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
});

describe('default credentials', () => {
  it('are those of the machine where nothing else is set, fetched once', async () => {
    const tokens = new DefaultTokens();
    expect(await tokens.headers()).toEqual(expect.arrayContaining(['authorization', 'Bearer of-the-machine']));
    await tokens.headers();
    expect(answers).toBe(1);
  });

  it('say what to set where they cannot be read', async () => {
    const tokens = new DefaultTokens({ type: 'external_account', audience: 's3cret' });
    await expect(tokens.headers()).rejects.toThrow(/^no Google credentials were found; set gcp\.serviceAccount/);
  });
});
