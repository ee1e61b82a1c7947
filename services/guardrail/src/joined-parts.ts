import type { TextSegment } from '@sluice/dialects';

/** Longest joined text, UTF-16 units: the parts are inspected alone as well, this is for what was split over them. */
const maxJoinedUnits = 16_384;

/**
 * The parts of each message put together, once with and once without a border, since an instruction may be split over
 * content parts anywhere. Messages of one part need no joining.
 */
export function joinParts(segments: readonly TextSegment[]): string[] {
  const joined: string[] = [];
  let parts: string[] = [];
  let message: string | undefined;
  const flush = () => {
    if (parts.length > 1) joined.push(parts.join(' ').slice(0, maxJoinedUnits), parts.join('').slice(0, maxJoinedUnits));
    parts = [];
  };
  for (const { path, text, role } of segments) {
    const owner = `${role} ${path.split('.', 2).join('.')}`;
    if (owner !== message) flush();
    message = owner;
    if (text.length < maxJoinedUnits / 4) parts.push(text);
  }
  flush();
  return joined;
}
