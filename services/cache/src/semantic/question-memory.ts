import type { Words } from '../veto/words.ts';

interface Scope {
  readonly questions: Map<string, Words>;
  /** Whether all that is stored in the scope, by any replica, is here. */
  complete: boolean;
}

const maxScopes = 20_000;
const maxQuestionsPerScope = 64;

/**
 * Questions of small scopes that this process has seen stored from their first on. Where none of them could be
 * accepted at any similarity, encoding the question would be in vain: prompts that differ in a number, say.
 */
export class QuestionMemory {
  readonly #scopes = new Map<string, Scope>();

  /** `wasEmpty`: nothing was stored in the scope before. */
  add(scope: string, key: string, words: Words, wasEmpty: boolean): void {
    const known = this.#scopes.get(scope) ?? { questions: new Map<string, Words>(), complete: wasEmpty };
    if (known.questions.size >= maxQuestionsPerScope && !known.questions.has(key)) this.#forget(known);
    if (known.complete) known.questions.set(key, words);
    this.#scopes.delete(scope);
    this.#scopes.set(scope, known);
    for (const oldest of this.#scopes.keys()) {
      if (this.#scopes.size <= maxScopes) break;
      this.#scopes.delete(oldest);
    }
  }

  /** Another replica has stored in the scope. */
  markIncomplete(scope: string): void {
    const known = this.#scopes.get(scope);
    if (known !== undefined) this.#forget(known);
  }

  /** Everything stored in the scope, or undefined where that is not known. */
  all(scope: string): Iterable<Words> | undefined {
    const known = this.#scopes.get(scope);
    return known?.complete === true ? known.questions.values() : undefined;
  }

  #forget(scope: Scope): void {
    scope.complete = false;
    scope.questions.clear();
  }
}
