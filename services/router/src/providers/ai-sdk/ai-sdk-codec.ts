import type { JsonObject, ProviderCodec } from '@sluice/dialects';
import { AiSdkStreamDecoder } from './ai-sdk-stream-decoder.ts';
import { decodeAiSdkAnswer } from './decode-ai-sdk-answer.ts';
import { encodeAiSdkRequest } from './encode-ai-sdk-request.ts';
import type { CacheOptions } from './encode-ai-sdk-prompt.ts';

/** @param packageName of the package that will be called: cache marks are said in its own words */
export function aiSdkCodec(packageName: string): ProviderCodec {
  const cache = cacheOptionsOf(packageName);
  return {
    encodeRequest: (request, _model, losses) => encodeAiSdkRequest(request, cache, losses),
    decodeAnswer: decodeAiSdkAnswer,
    createStreamDecoder: () => new AiSdkStreamDecoder(),
  };
}

function cacheOptionsOf(packageName: string): CacheOptions {
  if (packageName.includes('amazon-bedrock')) {
    return (mark): JsonObject => {
      const cachePoint = { type: 'default', ...mark };
      return { amazonBedrock: { cachePoint }, bedrock: { cachePoint } };
    };
  }
  if (!/anthropic|openrouter/.test(packageName)) return undefined;
  return (mark): JsonObject => {
    const cacheControl = { type: 'ephemeral', ...mark };
    return packageName.includes('openrouter') ? { openrouter: { cacheControl } } : { anthropic: { cacheControl } };
  };
}
