const pattern = /^([A-Za-z0-9_-]+)\.(\d{6,})\.events$/;

/** File name of the so-manieth segment of a publisher. */
export function segmentName(publisher: string, number: number): string {
  return `${publisher}.${String(number).padStart(6, '0')}.events`;
}

/** The segments among the names of files: of each publisher, in the order in which they were written. */
export function segmentsByPublisher(names: readonly string[]): Map<string, string[]> {
  const found = names
    .map((name) => ({ name, match: pattern.exec(name) }))
    .flatMap(({ name, match }) => (match === null ? [] : [{ name, publisher: match[1] ?? '', number: Number(match[2]) }]))
    .sort((left, right) => left.number - right.number);
  const segments = new Map<string, string[]>();
  for (const { name, publisher } of found) {
    const of = segments.get(publisher);
    if (of === undefined) segments.set(publisher, [name]);
    else of.push(name);
  }
  return segments;
}
