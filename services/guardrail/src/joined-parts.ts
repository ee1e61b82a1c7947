import type { TextSegment } from '@sluice/dialects';
import type { EngineText } from './engine.ts';

/** Longest joined text, UTF-16 units: the parts are inspected alone as well, this is for what was split over them. */
const maxJoinedUnits = 16_384;

/**
 * The parts of each message put together, once with and once without a border, since an instruction may be split over
 * content parts anywhere. Messages of one part need no joining.
 */
export function joinParts(segments: readonly TextSegment[]): EngineText[] {
  const joined: EngineText[] = [];
  if (segments.length < 2) return joined;
  let parts: TextSegment[] = [];
  let message: string | undefined;
  const flush = () => {
    const [first] = parts;
    if (first === undefined || parts.length < 2) return;
    const { role, path } = first;
    for (const border of [' ', ''])
      joined.push({
        text: parts
          .map((part) => part.text)
          .join(border)
          .slice(0, maxJoinedUnits),
        role,
        path,
      });
  };
  for (const segment of segments) {
    const owner = `${segment.role} ${ownerOf(segment.path)}`;
    if (owner !== message) {
      flush();
      parts = [];
    }
    message = owner;
    if (segment.text.length < maxJoinedUnits / 4) parts.push(segment);
  }
  flush();
  return joined;
}

/** `messages.3` of `messages.3.content.1.text`. */
function ownerOf(path: string): string {
  const second = path.indexOf('.', path.indexOf('.') + 1);
  return second === -1 ? path : path.slice(0, second);
}
