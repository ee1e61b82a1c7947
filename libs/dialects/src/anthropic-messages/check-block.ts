import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { fail } from '../openai-chat/check-value.ts';

/** @throws SluiceError `invalid_request` */
export function checkBlocks(blocks: readonly unknown[], path: string): void {
  for (let index = 0; index < blocks.length; index++) checkBlock(blocks[index], `${path}.${index}`);
}

/** Types that only some models know pass. */
function checkBlock(block: unknown, path: string): void {
  if (!isObject(block)) fail(`${path} must be an object such as {"type": "text", "text": "..."}.`, path);
  switch (block.type) {
    case 'text':
      checkText(block, 'text', path);
      return;
    case 'thinking':
      checkText(block, 'thinking', path);
      return;
    case 'redacted_thinking':
      checkText(block, 'data', path);
      return;
    case 'image':
    case 'document':
      if (!isObject(block.source) || typeof block.source.type !== 'string') {
        fail(
          `${path}.source is required: give an object such as {"type": "base64", "media_type": "...", "data": "..."}.`,
          `${path}.source`,
        );
      }
      return;
    case 'tool_use':
      checkText(block, 'id', path);
      checkText(block, 'name', path);
      if (!isObject(block.input)) fail(`${path}.input is required: give the arguments as an object.`, `${path}.input`);
      return;
    case 'tool_result':
      checkText(block, 'tool_use_id', path);
      if (Array.isArray(block.content)) checkBlocks(asArray(block.content), `${path}.content`);
      return;
    default:
      if (typeof block.type !== 'string') fail(`${path}.type is required: write "text", "image", "tool_result" …`, `${path}.type`);
  }
}

function checkText(block: JsonObject, name: string, path: string): void {
  if (typeof block[name] !== 'string') fail(`${path}.${name} is required: give a string.`, `${path}.${name}`);
}
