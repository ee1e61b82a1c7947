const shape = /^[a-zA-Z0-9_-]+$/;

/**
 * Ids of tool calls as Anthropic takes them: letters, digits, `_` and `-`, each once in a conversation. Other providers
 * count from 0 in every turn, or use colons; a result belongs to the last call before it that bore its id.
 */
export class ToolIds {
  readonly #taken = new Set<string>();
  readonly #latest = new Map<string, string>();

  ofCall(id: string): string {
    const plain = shape.test(id) ? id : id.replace(/[^a-zA-Z0-9_-]/g, '_') || 'call';
    let unique = plain;
    for (let count = 2; this.#taken.has(unique); count++) unique = `${plain}_${count}`;
    this.#taken.add(unique);
    this.#latest.set(id, unique);
    return unique;
  }

  ofResult(id: string): string {
    return this.#latest.get(id) ?? (shape.test(id) ? id : id.replace(/[^a-zA-Z0-9_-]/g, '_') || 'call');
  }
}
