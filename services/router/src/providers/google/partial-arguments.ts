import { isRecord } from '@sluice/contracts';
import type { JsonObject } from '@sluice/dialects';
import { textAt } from './json-fields.ts';

/** Levels and members of arguments that come piece by piece; more than any tool has. */
const maxSteps = 64;
const maxIndex = 10_000;

/**
 * Arguments of one call that Vertex streams by path (`partialArgs`: `{jsonPath: '$.a.b[0]', stringValue: …}`). Pieces of
 * one string come in turn and are joined; an entry without a value opens an empty object, or with `[]` an empty list.
 */
export class PartialArguments {
  readonly #root: Record<string, unknown> = {};

  add(piece: JsonObject): void {
    const path = textAt(piece, 'jsonPath') ?? '';
    const list = path.endsWith('[]');
    const steps = stepsOf(list ? path.slice(0, -2) : path);
    const last = steps?.at(-1);
    if (steps === undefined || last === undefined) return;
    const holder = this.#holderOf(steps);
    const present = own(holder, last);
    const value = valueOf(piece);
    if (value === undefined) {
      if (present === undefined && piece.willContinue !== true) put(holder, last, list ? [] : {});
    } else if (typeof value === 'string' && typeof present === 'string') {
      put(holder, last, present + value);
    } else {
      put(holder, last, value);
    }
  }

  toString(): string {
    return JSON.stringify(this.#root);
  }

  #holderOf(steps: readonly (string | number)[]): object {
    let holder: object = this.#root;
    for (let index = 0; index < steps.length - 1; index++) {
      const step = steps[index] ?? '';
      const present = own(holder, step);
      const next: object = isRecord(present) || Array.isArray(present) ? present : typeof steps[index + 1] === 'number' ? [] : {};
      if (next !== present) put(holder, step, next);
      holder = next;
    }
    return holder;
  }
}

function valueOf(piece: JsonObject): unknown {
  return piece.stringValue ?? piece.numberValue ?? piece.boolValue ?? ('nullValue' in piece ? null : undefined);
}

function stepsOf(path: string): (string | number)[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: (string | number)[] = [];
  for (const [, member, index] of path.slice(1).matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)) {
    if (steps.length === maxSteps || Number(index ?? 0) > maxIndex) return undefined;
    steps.push(member ?? Number(index));
  }
  return steps;
}

function own(holder: object, step: string | number): unknown {
  return Object.getOwnPropertyDescriptor(holder, step)?.value;
}

/** Defined and not assigned, so that `__proto__` is a member like any other. */
function put(holder: object, step: string | number, value: unknown): void {
  Object.defineProperty(holder, step, { value, enumerable: true, configurable: true, writable: true });
}
