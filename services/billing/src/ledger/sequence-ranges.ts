/** Sequence numbers as the text of an int8multirange: `{[1,4),[7,8)}`. Duplicates and order do not matter. */
export function sequenceRanges(sequences: readonly bigint[]): string {
  const ordered = sequences.toSorted((left, right) => (left < right ? -1 : Number(left > right)));
  const ranges: string[] = [];
  let start: bigint | undefined;
  let end = 0n;
  for (const sequence of ordered) {
    if (start !== undefined && sequence <= end) {
      if (sequence === end) end += 1n;
      continue;
    }
    if (start !== undefined) ranges.push(`[${start.toString()},${end.toString()})`);
    start = sequence;
    end = sequence + 1n;
  }
  if (start !== undefined) ranges.push(`[${start.toString()},${end.toString()})`);
  return `{${ranges.join(',')}}`;
}
