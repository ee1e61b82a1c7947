import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { ModelRequest } from '../neutral/model-request.ts';
import { limitCacheMarks } from './cache-control.ts';
import { type ClaudeModel, claudeModel } from './claude-model.ts';
import { encodeTurns } from './encode-messages.ts';
import { encodeRest } from './encode-rest.ts';
import { encodeSampling } from './encode-sampling.ts';
import { encodeThinking } from './encode-thinking.ts';
import { encodeTools, forcesTool } from './encode-tools.ts';
import { hasFreeMembers, outputSchema } from './output-schema.ts';
import { ToolIds } from './tool-ids.ts';

/** Said to the model where the client wants JSON and gives no schema: Anthropic has no such switch. */
const jsonInstruction = 'Answer with one valid JSON document and nothing else: no words around it, no code fence.';

/**
 * A neutral request as a body of `/v1/messages`.
 * @throws SluiceError `unsupported_feature` by way of `losses`
 */
export function encodeRequest(request: ModelRequest, model: string, losses: Losses): JsonObject {
  const facts = claudeModel(model);
  const { system, messages } = encodeTurns(request.turns, { losses, ids: new ToolIds() });
  const tools = encodeTools(request, facts, losses);
  const plan = encodeThinking(request, facts, losses);
  const thinks = plan.thinking?.type === 'enabled' || plan.thinking?.type === 'adaptive';
  const forced = plan.thinking?.type === 'enabled' && forcesTool(tools);
  if (forced) losses.feature('tool_choice', 'cannot be made to call a tool while it thinks; leave out the reasoning effort');
  const output = encodeOutput(request, facts, losses);
  const instructions = request.output?.type === 'json' ? [...system, { type: 'text', text: jsonInstruction }] : system;
  const config = { ...(plan.effort === undefined ? {} : { effort: plan.effort }), ...output };
  return limitCacheMarks({
    model,
    max_tokens: plan.maxTokens,
    ...(instructions.length === 0 ? {} : { system: plainText(instructions) }),
    messages: messages.map(({ role, content }) => ({ role, content: plainText(content) })),
    ...tools,
    ...(plan.thinking === undefined || forced ? {} : { thinking: plan.thinking }),
    ...(Object.keys(config).length === 0 ? {} : { output_config: config }),
    ...encodeSampling(request.sampling, facts, thinks && !forced, losses),
    ...encodeRest(request, losses),
    ...(request.stream ? { stream: true } : {}),
  });
}

/** One text without marks is written as a string, as people write it. */
function plainText(blocks: readonly JsonObject[]): unknown {
  const [only] = blocks;
  if (only?.type !== 'text' || blocks.length > 1 || Object.keys(only).length > 2) return blocks;
  return only.text;
}

/** JSON without a schema is asked for in words (see {@link jsonInstruction}), and the client is told that nothing enforces it. */
function encodeOutput({ output }: ModelRequest, model: ClaudeModel, losses: Losses): JsonObject {
  if (output === undefined) return {};
  if (output.type === 'json') {
    losses.hint('response_format');
    return {};
  }
  if (!model.schemas) {
    losses.feature('response_format', 'keeps to no schema with this model');
    return {};
  }
  if (hasFreeMembers(output.schema))
    losses.feature('response_format', 'takes no schema with members of any name; name each under properties');
  return { format: { type: 'json_schema', schema: outputSchema(output.schema) } };
}
