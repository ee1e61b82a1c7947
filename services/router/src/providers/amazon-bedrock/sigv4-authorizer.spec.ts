import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sigv4Authorizer } from './sigv4-authorizer.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const body = Buffer.from('{"messages":[]}');
const call = {
  origin: 'https://bedrock-runtime.us-east-1.amazonaws.com',
  path: '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.model-v1%3A0/converse',
  body,
  now: Date.UTC(2026, 0, 2, 3, 4, 5),
};

function toHeaders(list: readonly string[]): ReadonlyMap<string, string> {
  return new Map(list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? '']] : [])));
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** "Create a signed AWS API request", written out: the path is encoded once more than it is sent. */
function expectedSignature(token?: string): string {
  const canonical = [
    'POST',
    '/model/arn%253Aaws%253Abedrock%253Aus-east-1%253A1%253Ainference-profile%252Fus.model-v1%253A0/converse',
    '',
    'host:bedrock-runtime.us-east-1.amazonaws.com',
    `x-amz-content-sha256:${sha256(body)}`,
    'x-amz-date:20260102T030405Z',
    ...(token === undefined ? [] : [`x-amz-security-token:${token}`]),
    '',
    `host;x-amz-content-sha256;x-amz-date${token === undefined ? '' : ';x-amz-security-token'}`,
    sha256(body),
  ].join('\n');
  const scope = '20260102/us-east-1/bedrock/aws4_request';
  const toSign = ['AWS4-HMAC-SHA256', '20260102T030405Z', scope, sha256(canonical)].join('\n');
  const dateKey = hmac(`AWS4${credentials.secretAccessKey}`, '20260102');
  const key = hmac(hmac(hmac(dateKey, 'us-east-1'), 'bedrock'), 'aws4_request');
  return hmac(key, toSign).toString('hex');
}

describe('sigv4Authorizer', () => {
  it('signs an ARN in the path as AWS describes it', async () => {
    const headers = toHeaders(await sigv4Authorizer('us-east-1', credentials)(call));
    expect(headers.get('authorization')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, ' +
        `SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${expectedSignature()}`,
    );
    expect(headers.get('x-amz-date')).toBe('20260102T030405Z');
    expect(headers.get('x-amz-content-sha256')).toBe(sha256(body));
    expect(headers.has('host')).toBe(false);
  });

  it('sends and signs the token of a session', async () => {
    const headers = toHeaders(await sigv4Authorizer('us-east-1', { ...credentials, sessionToken: 'TOKEN' })(call));
    expect(headers.get('x-amz-security-token')).toBe('TOKEN');
    expect(headers.get('authorization')).toContain(`Signature=${expectedSignature('TOKEN')}`);
  });

  it('asks the source of credentials and passes its failure on', async () => {
    const authorizer = sigv4Authorizer('us-east-1', () => Promise.reject(new Error('no credentials')));
    await expect(authorizer(call)).rejects.toThrow('no credentials');
  });
});
