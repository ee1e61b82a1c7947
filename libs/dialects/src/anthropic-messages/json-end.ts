const quote = 0x22;
const backslash = 0x5c;

/** Follows a JSON object or list that comes in pieces, and knows when it is whole. Each character is looked at once. */
export class JsonEnd {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #began = false;

  get whole(): boolean {
    return this.#began && this.#depth === 0;
  }

  push(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (this.#escaped) this.#escaped = false;
      else if (this.#inString) this.#inside(code);
      else if (code === quote) this.#inString = true;
      else if (code === 0x7b || code === 0x5b) this.#open();
      else if (code === 0x7d || code === 0x5d) this.#depth -= 1;
    }
  }

  #inside(code: number): void {
    if (code === backslash) this.#escaped = true;
    else if (code === quote) this.#inString = false;
  }

  #open(): void {
    this.#began = true;
    this.#depth += 1;
  }
}
