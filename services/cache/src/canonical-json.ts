/**
 * JSON with sorted keys and no white space, so that equal documents give equal bytes whatever the order of their
 * members. Members whose value is undefined are left out, as JSON.stringify does.
 *
 * @throws RangeError where the value nests deeper than the stack allows (some thousand levels)
 */
export function canonicalJson(value: unknown, leaveOut?: ReadonlySet<string>): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return value === undefined ? 'null' : JSON.stringify(value);
  if (Array.isArray(value)) return canonicalArray(value);
  const members = value as Readonly<Record<string, unknown>>; // parsed JSON that is no array: an object with string keys
  const keys = Object.keys(members);
  if (keys.length > 1) keys.sort();
  let text = '{';
  for (const key of keys) {
    const member = members[key];
    if (member === undefined || leaveOut?.has(key) === true) continue;
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}

function canonicalArray(values: readonly unknown[]): string {
  let text = '[';
  values.forEach((value, index) => {
    text += index === 0 ? canonicalJson(value) : `,${canonicalJson(value)}`;
  });
  return `${text}]`;
}
