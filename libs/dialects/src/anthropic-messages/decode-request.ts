import { asArray, isObject, omit, type JsonObject } from '../json-value.ts';
import type { ModelRequest, OutputFormat, ReasoningOptions, Sampling, Turn } from '../neutral/model-request.ts';
import { decodeMessages, decodeSystem } from './decode-messages.ts';
import { decodeToolChoice, decodeTools } from './decode-tools.ts';

/** Members that have a place of their own in a {@link ModelRequest}. */
const known = (
  'model messages system max_tokens stream stop_sequences temperature top_p top_k tools tool_choice thinking metadata ' +
  'service_tier output_config output_format cache_control'
).split(' ');

/**
 * A body of `/v1/messages` in neutral form. What has no place there, such as a container or citations of documents, goes
 * to `rest`, so that a target that cannot do it says so.
 */
export function decodeRequest(body: JsonObject): ModelRequest {
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(omit(body, ...known))) {
    if (value !== null && value !== undefined && !isDefault(key, value)) rest[key] = value;
  }
  const turns = [...decodeSystem(body.system), ...decodeMessages(asArray(body.messages), rest)];
  const { toolChoice, parallelToolCalls } = decodeToolChoice(body.tool_choice);
  const output = decodeOutput(body);
  const reasoning = decodeReasoning(body);
  const user = isObject(body.metadata) ? body.metadata.user_id : undefined;
  return {
    source: 'anthropic-messages',
    model: typeof body.model === 'string' ? body.model : '',
    stream: body.stream === true,
    turns: markLast(turns, body.cache_control),
    tools: decodeTools(asArray(body.tools), rest),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
    ...(output === undefined ? {} : { output }),
    ...(reasoning === undefined ? {} : { reasoning }),
    sampling: decodeSampling(body),
    ...(typeof user === 'string' && user !== '' ? { user } : {}),
    // `auto` is what every provider does unasked.
    ...(body.service_tier === 'standard_only' ? { serviceTier: 'default' } : {}),
    rest,
  };
}

/** `cache_control` of the whole request marks its last block. */
function markLast(turns: readonly Turn[], control: unknown): readonly Turn[] {
  const turn = turns.at(-1);
  const part = turn?.parts.at(-1);
  if (!isObject(control) || turn === undefined || part === undefined) return turns;
  if (part.type !== 'text' && part.type !== 'image' && part.type !== 'file' && part.type !== 'tool-result') return turns;
  const marked = { ...part, cache: part.cache ?? (typeof control.ttl === 'string' ? { ttl: control.ttl } : {}) };
  return [...turns.slice(0, -1), { ...turn, parts: [...turn.parts.slice(0, -1), marked] }];
}

function decodeOutput({ output_config, output_format }: JsonObject): OutputFormat | undefined {
  // `output_format` is the name that the beta gave it.
  const format = isObject(output_config) ? (output_config.format ?? output_format) : output_format;
  if (!isObject(format) || !isObject(format.schema)) return undefined;
  return { type: 'json-schema', schema: format.schema };
}

/** Thoughts are shown unless the client says otherwise: that is what Anthropic's clients expect of thinking. */
function decodeReasoning({ thinking, output_config }: JsonObject): ReasoningOptions | undefined {
  const effort = isObject(output_config) && typeof output_config.effort === 'string' ? { effort: output_config.effort } : {};
  if (!isObject(thinking)) return 'effort' in effort ? effort : undefined;
  const shown = thinking.display === 'omitted' ? {} : { summary: 'auto' };
  switch (thinking.type) {
    case 'enabled':
      return {
        enabled: true,
        ...(typeof thinking.budget_tokens === 'number' ? { budgetTokens: thinking.budget_tokens } : {}),
        ...effort,
        ...shown,
      };
    case 'disabled':
      return { enabled: false };
    case 'between_tools':
      return { enabled: true, effort: 'minimal', ...shown };
    default:
      return { enabled: true, ...effort, ...shown };
  }
}

function decodeSampling({ max_tokens, temperature, top_p, top_k, stop_sequences }: JsonObject): Sampling {
  const stop = asArray(stop_sequences).filter((text) => typeof text === 'string');
  return {
    ...(typeof max_tokens === 'number' ? { maxOutputTokens: max_tokens } : {}),
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof top_p === 'number' ? { topP: top_p } : {}),
    ...(typeof top_k === 'number' ? { topK: top_k } : {}),
    ...(stop.length === 0 ? {} : { stop }),
  };
}

/** What asks for nothing that another provider would have to do. */
function isDefault(key: string, value: unknown): boolean {
  if (key === 'speed') return value === 'standard';
  // A report on the prompt cache, which changes no answer.
  if (key === 'diagnostics') return true;
  if (key === 'context_management') return clearsThoughtsOnly(value);
  return (key === 'mcp_servers' || key === 'betas') && asArray(value).length === 0;
}

/** Coding agents always ask to have old thoughts cleared. No other provider is given thoughts that it did not sign. */
function clearsThoughtsOnly(management: unknown): boolean {
  const edits = isObject(management) ? asArray(management.edits) : [undefined];
  return edits.every((edit) => isObject(edit) && typeof edit.type === 'string' && edit.type.startsWith('clear_thinking'));
}
