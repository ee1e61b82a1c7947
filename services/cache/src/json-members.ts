/** A JSON object, as parsed. */
export type JsonMembers = Readonly<Record<string, unknown>>;
