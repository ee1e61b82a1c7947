import { AhoCorasick } from '../../aho-corasick.ts';

/** What a model writes when it gives its prompt away: the announcement, or the markers of a chat template. */
const markers = [
  'my system prompt is',
  'my system prompt says',
  'here is my system prompt',
  'here is the system prompt',
  'this is my system prompt',
  'my system prompt:',
  'my instructions are',
  'here are my instructions',
  'my initial instructions',
  'i was given the following instructions',
  'my hidden instructions',
  '<|im_start|>system',
  '<|system|>',
  '<<sys>>',
  '<|start_header_id|>system',
  'mein system-prompt lautet',
  'mein systemprompt lautet',
  'meine anweisungen lauten',
  'hier sind meine anweisungen',
  'mon prompt systeme est',
  'voici mes instructions',
  'mes instructions sont',
  'mi prompt del sistema es',
  'mis instrucciones son',
  'estas son mis instrucciones',
  'il mio prompt di sistema',
  'le mie istruzioni sono',
  'meu prompt do sistema',
  'minhas instrucoes sao',
  'мои системныи промпт',
  'мои инструкции:',
  '我的系统提示是',
  '我的系统提示词',
  '我的指令是',
  '私のシステムプロンプトは',
  '내 시스템 프롬프트는',
];

/** Probability that an answer with such a marker leaks its prompt: quotations and stories hold them too. */
const markerScore = 0.85;

export interface Leak {
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

/** Finds the first marker of a leaked prompt in an answer; one pass. */
export class LeakMarkers {
  readonly #words: readonly string[];
  readonly #automaton: AhoCorasick;

  constructor(foldEntry: (text: string) => string) {
    this.#words = markers.map(foldEntry);
    this.#automaton = new AhoCorasick(this.#words);
  }

  find(codes: Uint16Array, length: number): Leak | undefined {
    let leak: Leak | undefined;
    this.#automaton.search(codes, length, (word, end) => {
      leak ??= { score: markerScore, start: end - (this.#words[word]?.length ?? 0), end };
    });
    return leak;
  }
}
