import type { Readable } from 'node:stream';

const colours = [36, 33, 32, 35, 34, 31, 96, 93, 92, 95];
/** A longer line is cut: a process that never ends its line must not fill this one's memory. */
const maxLineCharacters = 16_384;

/** Prints lines of many processes, each behind its name, coloured on a terminal. */
export class LogPrinter {
  readonly #write: (text: string) => void;
  readonly #coloured: boolean;
  readonly #colourOf = new Map<string, number>();

  constructor(write: (text: string) => void, coloured: boolean) {
    this.#write = write;
    this.#coloured = coloured;
  }

  line(name: string, text: string): void {
    const label = name.padEnd(11);
    this.#write(this.#coloured ? `\u001b[${this.#colour(name)}m${label}\u001b[0m ${text}\n` : `${label} ${text}\n`);
  }

  /** Prints a stream line by line until it ends, but for the lines that match `quiet`. */
  follow(name: string, stream: Readable, quiet?: RegExp): void {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(0, maxLineCharacters);
      for (const line of lines) {
        if (quiet?.test(line) !== true) this.line(name, readable(line.slice(0, maxLineCharacters)));
      }
    });
    stream.on('end', () => {
      if (rest !== '') this.line(name, readable(rest));
    });
  }

  #colour(name: string): number {
    const known = this.#colourOf.get(name);
    if (known !== undefined) return known;
    const colour = colours[this.#colourOf.size % colours.length] ?? 36;
    this.#colourOf.set(name, colour);
    return colour;
  }
}

const levels: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' };

/** Members that the prefix says already, or that a person does not need. */
const leftOut = new Set(['level', 'time', 'service', 'pid', 'hostname', 'msg']);

/** A JSON line of the services' logger as a person reads it; anything else as it is. */
function readable(line: string): string {
  if (!line.startsWith('{"level":')) return line;
  try {
    // Safe: JSON.parse of a text that begins with a brace gives an object.
    const members = JSON.parse(line) as Record<string, unknown>;
    const rest = Object.entries(members).filter(([name]) => !leftOut.has(name));
    const message = typeof members.msg === 'string' ? members.msg : '';
    const more = rest.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(rest))}`;
    return `${levels[Number(members.level)] ?? 'log'} ${message}${more}`;
  } catch {
    return line;
  }
}
