import { type ProviderConfig, providerSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { amazonBedrock } from './adapter.ts';

function config(fields: Partial<Pick<ProviderConfig, 'aws' | 'baseUrl'>>): ProviderConfig {
  return providerSchema.parse({ name: 'bedrock', type: 'amazon-bedrock', ...fields });
}

const inRegion = config({ aws: { region: 'eu-west-1' } });

describe('amazonBedrock', () => {
  it('lives where its region is', () => {
    expect(amazonBedrock.baseUrl(inRegion)).toBe('https://bedrock-runtime.eu-west-1.amazonaws.com');
  });

  it('keeps an address of the operator, and signs for the region that it names', async () => {
    const own = config({
      baseUrl: 'https://vpce-1.bedrock-runtime.eu-north-1.vpce.amazonaws.com',
      aws: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    });
    expect(amazonBedrock.baseUrl(own)).toBe(own.baseUrl);
    const headers = await amazonBedrock.authorizer(
      undefined,
      own,
    )({
      origin: 'https://vpce-1.bedrock-runtime.eu-north-1.vpce.amazonaws.com',
      path: '/model/m/converse',
      body: Buffer.from('{}'),
      now: 0,
    });
    expect(headers.join()).toContain('/eu-north-1/bedrock/aws4_request');
  });

  it('sends a key of Bedrock as it is', async () => {
    const headers = await amazonBedrock.authorizer('key', inRegion)({ origin: 'https://h', path: '/', body: Buffer.alloc(0), now: 0 });
    expect(headers).toEqual(['authorization', 'Bearer key']);
  });

  it('asks for the half of the credentials that is missing', () => {
    const half = config({ aws: { region: 'eu-west-1', accessKeyId: 'AKID' } });
    expect(() => amazonBedrock.authorizer(undefined, half)).toThrow('aws.secretAccessKey');
  });

  it.each([
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', false, '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse'],
    [
      'arn:aws:bedrock:us-east-1:1:inference-profile/x',
      true,
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream',
    ],
    ["odd(')*", false, '/model/odd%28%27%29%2A/converse'],
    ['..', false, '/model/%2E%2E/converse'],
    ['../../guardrail', false, '/model/..%2F..%2Fguardrail/converse'],
    ['amazon.titan-embed-text-v2:0', false, '/model/amazon.titan-embed-text-v2%3A0/invoke'],
  ])('asks for the model %s by one segment of the path', (model, stream, path) => {
    expect(amazonBedrock.wires(inRegion, model).map((wire) => wire.path(model, stream))).toEqual([path]);
  });
});
