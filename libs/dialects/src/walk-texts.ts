import { SluiceError } from '@sluice/contracts';
import { isObject, mapChanged, mapMembers, type JsonObject } from './json-value.ts';
import { replaceJsonStrings } from './replace-json-strings.ts';
import { isPlainKey, isStructural } from './structural-text.ts';
import type { ReplaceText, TextRole } from './text-segment.ts';

/** Who speaks in the part of the body that is being walked. */
export interface Speaker {
  readonly role: TextRole;
  readonly last: boolean;
}

/** Deeper bodies are refused: no API needs them, and a walk of them would overflow the stack. */
const maxNestingDepth = 100;

/** Members whose string is a JSON document. */
const jsonDocumentKeys = new Set(['arguments', 'partial_json']);

/**
 * Every string under `value` that is not structure, copy-on-write: unknown members are walked like known ones, so a field
 * that a provider adds tomorrow is inspected today.
 * @throws SluiceError `invalid_request` beyond {@link maxNestingDepth}
 */
export function walkTexts(value: unknown, path: string, speaker: Speaker, replace: ReplaceText, key = '', depth = 0): unknown {
  if (typeof value === 'string') return walkString(value, path, speaker, replace, key);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maxNestingDepth) {
    throw new SluiceError('invalid_request', `The body nests deeper than ${maxNestingDepth} levels; flatten it.`, {
      param: topLevel(path),
    });
  }
  if (Array.isArray(value)) {
    return mapChanged(value, (item, index) => walkTexts(item, `${path}.${index}`, speaker, replace, key, depth + 1));
  }
  if (!isObject(value)) return value;
  const inner = speakerOf(value, speaker);
  const named = renameKeys(value, path, inner, replace);
  return mapMembers(named, (name, member) =>
    typeof member === 'object' || typeof member === 'string'
      ? walkTexts(member, path === '' ? name : `${path}.${name}`, inner, replace, name, depth + 1)
      : member,
  );
}

function walkString(text: string, path: string, speaker: Speaker, replace: ReplaceText, key: string): string {
  if (text === '' || isStructural(key, text)) return text;
  const segment = (part: string, kind: 'text' | 'json') => replace({ text: part, role: speaker.role, kind, path, last: speaker.last });
  if (!jsonDocumentKeys.has(key)) return segment(text, 'text');
  return replaceJsonStrings(text, (part) => segment(part, 'text')) ?? segment(text, 'json');
}

/** Anthropic puts tool results into user messages and tool calls into assistant ones. */
function speakerOf(value: JsonObject, speaker: Speaker): Speaker {
  if (value.type === 'tool_result') return { role: 'tool', last: false };
  return speaker;
}

function renameKeys(value: JsonObject, path: string, speaker: Speaker, replace: ReplaceText): JsonObject {
  let renamed = false;
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (isPlainKey(key)) {
      if (renamed) entries.push([key, value[key]]);
      continue;
    }
    const name = key === '' ? key : replace({ text: key, role: speaker.role, kind: 'text', path: `${path}.${key}`, last: speaker.last });
    if (!renamed && name !== key) {
      renamed = true;
      for (const earlier of Object.keys(value)) {
        if (earlier === key) break;
        entries.push([earlier, value[earlier]]);
      }
    }
    if (renamed) entries.push([name, value[key]]);
  }
  return renamed ? Object.fromEntries(entries) : value;
}

function topLevel(path: string): string {
  return path.split('.', 3).join('.');
}
