import { generateKeyPairSync, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ServiceAccountTokens } from './service-account-tokens.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

let server: Server;
let tokenUri: string;
let bodies: string[];
let status: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      bodies.push(body);
      const answer =
        status === 200 ? { access_token: `token-${bodies.length}`, expires_in: 3_600, token_type: 'Bearer' } : { error: 'invalid_grant' };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  tokenUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`; // listens on TCP
});

afterAll(() => server.close());

beforeEach(() => {
  bodies = [];
  status = 200;
});

const keyFile = (): object => ({ client_email: 'router@p.test', private_key: privateKey, private_key_id: 'kid-1', token_uri: tokenUri });
const bearer = (count: number): string[] => ['authorization', `Bearer token-${count}`];
const now = Date.parse('2026-05-01T00:00:00Z');

describe('tokens of a service account', () => {
  it('are asked for by an assertion that its key has signed', async () => {
    expect(await new ServiceAccountTokens(keyFile()).headers(now)).toEqual(bearer(1));
    const form = new URLSearchParams(bodies[0]);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    expect(verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'kid-1' });
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
      iss: 'router@p.test',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: tokenUri,
      iat: now / 1_000,
      exp: now / 1_000 + 3_600,
    });
  });

  it('are fetched once for all calls, and then at hand', async () => {
    const tokens = new ServiceAccountTokens(keyFile());
    await Promise.all([tokens.headers(now), tokens.headers(now), tokens.headers(now)]);
    expect(bodies).toHaveLength(1);
    expect(tokens.headers(now + 3_000_000)).toEqual(bearer(1));
  });

  it('are renewed before they end', async () => {
    const tokens = new ServiceAccountTokens(keyFile());
    await tokens.headers(now);
    expect(await tokens.headers(now + 3_400_000)).toEqual(bearer(2));
  });

  it('stay in use while a renewal fails, to their end', async () => {
    const tokens = new ServiceAccountTokens(keyFile());
    await tokens.headers(now);
    status = 503;
    expect(await tokens.headers(now + 3_400_000)).toEqual(bearer(1));
    await expect(tokens.headers(now + 3_600_001)).rejects.toThrow('Google gave no access token');
  });

  it('are not asked for again at once where Google refuses', async () => {
    status = 400;
    const tokens = new ServiceAccountTokens(keyFile());
    await expect(tokens.headers(now)).rejects.toThrow('Google gave no access token');
    await expect(tokens.headers(now + 10)).rejects.toThrow('Google gave no access token');
    expect(bodies).toHaveLength(1);
    status = 200;
    expect(await tokens.headers(now + 2_000)).toEqual(bearer(2));
  });

  it('take keys whose line ends were written as two characters', async () => {
    const tokens = new ServiceAccountTokens({ ...keyFile(), private_key: privateKey.replaceAll('\n', '\\n') });
    expect(await tokens.headers(now)).toEqual(bearer(1));
  });
});
