/** Which strings of a body are its structure and not text. A shape is always asked for as well, so that no prompt hides in a `type`. */

/** Members that hold names and ids of the protocol. */
const structuralKeys = new Set(
  (
    'type role id object model index required call_id tool_call_id tool_use_id item_id file_id previous_response_id conversation ' +
    'user safety_identifier prompt_cache_key service_tier reasoning_effort effort verbosity status phase ' +
    'detail format mime_type media_type voice encoding encoding_format truncation tool_choice parallel_tool_calls ' +
    'finish_reason stop_reason native_finish_reason system_fingerprint provider $ref $schema ttl include modalities'
  ).split(' '),
);

/** Members that hold images, sound, files, vectors or sealed reasoning. */
const binaryKeys = new Set([
  'url',
  'image_url',
  'file_url',
  'data',
  'file_data',
  'b64_json',
  'embedding',
  'signature',
  'thought_signature',
  'encrypted_content',
  'obfuscation',
]);

const structuralShape = /^[\w.:/#$-]{0,64}$/;
const base64Shape = /^[\w+/=\r\n-]*$/;
/** A foreign signature with its marks, see `sealSignature`: a changed one would be refused by the provider that made it. */
const sealedShape = /^sluice\.[a-z-]+\.[\w+/=#.-]+$/;
const plainKeyShape = /^[A-Za-z_$][A-Za-z_$.-]{0,31}\d{0,3}$/;

/** Enough of a long value to tell base64 from prose: a provider refuses a file whose later part is not base64. */
const base64HeadLength = 1_024;
const maxUrlLength = 8_192;

/** Whether the string under `key` is left alone: no model reads it, and changing it would break the request. */
export function isStructural(key: string, text: string): boolean {
  if (structuralKeys.has(key)) return structuralShape.test(text);
  return binaryKeys.has(key) && isBinary(text);
}

/** A member name that says nothing: letters, `_`, `-`, `.` and at most three digits at its end. Others are inspected like values. */
export function isPlainKey(key: string): boolean {
  return plainKeyShape.test(key);
}

function isBinary(text: string): boolean {
  if (/^https?:\/\//.test(text)) return text.length <= maxUrlLength && !/\s/.test(text);
  const head = text.slice(0, base64HeadLength);
  const comma = head.startsWith('data:') ? head.indexOf(';base64,') : -1;
  if (comma !== -1) return base64Shape.test(head.slice(comma + ';base64,'.length));
  return (text.length >= 64 && base64Shape.test(head)) || sealedShape.test(head);
}
