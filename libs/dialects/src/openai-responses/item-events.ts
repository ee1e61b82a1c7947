import { asArray, isObject, omit, type JsonObject } from '../json-value.ts';
import type { EmitEvent } from './event-writer.ts';

/** Says a finished item as if it came piece by piece; each text of it in one piece. */
export function emitItem(item: JsonObject, outputIndex: number, emit: EmitEvent): void {
  const place = { item_id: typeof item.id === 'string' ? item.id : '', output_index: outputIndex };
  const added = (rest: JsonObject) => {
    emit('response.output_item.added', { output_index: outputIndex, item: { ...item, ...rest, status: 'in_progress' } });
  };
  switch (item.type) {
    case 'message':
      added({ content: [] });
      emitContent(item.content, place, emit);
      break;
    case 'reasoning':
      added(Array.isArray(item.content) ? { summary: [], content: [] } : { summary: [] });
      emitSummary(item.summary, place, emit);
      emitContent(item.content, place, emit);
      break;
    case 'function_call':
      added({ arguments: '' });
      emit('response.function_call_arguments.delta', { ...place, delta: item.arguments });
      emit('response.function_call_arguments.done', { ...place, name: item.name, arguments: item.arguments });
      break;
    case 'custom_tool_call':
      added({ input: '' });
      emit('response.custom_tool_call_input.delta', { ...place, delta: item.input });
      emit('response.custom_tool_call_input.done', { ...place, input: item.input });
      break;
    default:
      emit('response.output_item.added', { output_index: outputIndex, item });
  }
  emit('response.output_item.done', { output_index: outputIndex, item });
}

function emitSummary(summary: unknown, place: JsonObject, emit: EmitEvent): void {
  for (const [index, part] of asArray(summary).entries()) {
    if (!isObject(part)) continue;
    const at = { ...place, summary_index: index };
    emit('response.reasoning_summary_part.added', { ...at, part: { ...part, text: '' } });
    emit('response.reasoning_summary_text.delta', { ...at, delta: part.text });
    emit('response.reasoning_summary_text.done', { ...at, text: part.text });
    emit('response.reasoning_summary_part.done', { ...at, part });
  }
}

/** Parts of a message or of a thought; of types that have no events of their own only the part itself is said. */
function emitContent(content: unknown, place: JsonObject, emit: EmitEvent): void {
  for (const [index, part] of asArray(content).entries()) {
    if (!isObject(part)) continue;
    const at = { ...place, content_index: index };
    if (part.type === 'output_text') emitText(part, at, emit);
    else if (part.type === 'refusal') {
      emit('response.content_part.added', { ...at, part: { ...part, refusal: '' } });
      emit('response.refusal.delta', { ...at, delta: part.refusal });
      emit('response.refusal.done', { ...at, refusal: part.refusal });
    } else if (part.type === 'reasoning_text') {
      emit('response.content_part.added', { ...at, part: { ...part, text: '' } });
      emit('response.reasoning_text.delta', { ...at, delta: part.text });
      emit('response.reasoning_text.done', { ...at, text: part.text });
    } else emit('response.content_part.added', { ...at, part });
    emit('response.content_part.done', { ...at, part });
  }
}

function emitText(part: JsonObject, at: JsonObject, emit: EmitEvent): void {
  const logprobs = asArray(part.logprobs);
  emit('response.content_part.added', { ...at, part: { ...omit(part, 'logprobs'), text: '', annotations: [], logprobs: [] } });
  emit('response.output_text.delta', { ...at, delta: part.text, logprobs });
  for (const [index, annotation] of asArray(part.annotations).entries()) {
    emit('response.output_text.annotation.added', { ...at, annotation_index: index, annotation });
  }
  emit('response.output_text.done', { ...at, text: part.text, logprobs });
}
