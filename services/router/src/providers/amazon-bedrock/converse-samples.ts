/** What the specs of Bedrock's encoders share. */
import { Losses, type ModelRequest, type Part, type ToolCallPart, type ToolResultPart, type Turn } from '@sluice/dialects';
import { encodeConverseRequest } from './encode-converse-request.ts';

const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
export const nova = 'amazon.nova-pro-v1:0';
export const hello: Turn = { role: 'user', parts: [{ type: 'text', text: 'hello' }] };
export const weather = { type: 'function', name: 'weather', description: 'It.', parameters: { type: 'object' } } as const;
export const call: ToolCallPart = { type: 'tool-call', id: 'call_1', name: 'weather', input: '{"city":"Paris"}' };
export const result: ToolResultPart = { type: 'tool-result', callId: 'call_1', parts: [{ type: 'text', text: 'sunny' }] };

function request(fields: Partial<ModelRequest> = {}): ModelRequest {
  return { source: 'openai-chat', model: 'm', stream: false, turns: [hello], tools: [], sampling: {}, rest: {}, ...fields };
}

export function encode(fields: Partial<ModelRequest>, model = claude) {
  const losses = new Losses('refuse', 'provider "bedrock"');
  const body = encodeConverseRequest(request(fields), model, losses);
  return { body, dropped: losses.dropped };
}

export const turn = (role: Turn['role'], ...parts: Part[]): Turn => ({ role, parts });
