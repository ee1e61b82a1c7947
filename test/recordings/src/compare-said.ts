import { isDeepStrictEqual } from 'node:util';
import type { ClientDialect } from './client-answer.ts';
import type { Said, Stop, Usage } from './said.ts';

/** Words for an end that a dialect has no word of its own for. */
const standIns: Readonly<Record<ClientDialect, Partial<Record<Stop, readonly Stop[]>>>> = {
  chat: {
    refusal: ['content-filter', 'stop'],
    'context-window': ['length'],
    pause: ['stop', 'length'],
  },
  responses: {
    refusal: ['content-filter', 'stop'],
    'context-window': ['length'],
    pause: ['stop', 'length', 'none'],
  },
  messages: { 'content-filter': ['refusal'] },
  completions: { 'tool-calls': ['stop'] },
  embeddings: {},
};

/** Everything in which an answer differs from what it should say, a line each. */
export function differences(expected: Said, found: Said, dialect: ClientDialect): string[] {
  return [
    ...errorDifference(expected, found),
    ...textDifferences(expected, found, dialect),
    ...callDifferences(expected, found),
    ...stopDifference(expected, found, dialect),
    ...(expected.usage === undefined ? [] : usageDifferences(expected.usage, found.usage)),
  ];
}

function errorDifference(expected: Said, found: Said): string[] {
  return expected.error === undefined && found.error !== undefined ? [`error: ${found.error}`] : [];
}

function textDifferences(expected: Said, found: Said, dialect: ClientDialect): string[] {
  const plan = expected.plan ?? '';
  // Messages have no field for a refusal: it may stand as text.
  const texts = dialect === 'messages' ? [expected.text, expected.text + expected.refusal] : [expected.text];
  const planned = plan === '' ? [] : [plan + expected.text];
  const faults: string[] = [];
  if (![...texts, ...planned].includes(found.text)) faults.push(`text ${show(found.text)}, not ${show(expected.text)}`);
  // A refusal without words may be put into some.
  const anyRefusal = expected.stop === 'refusal' && expected.text === '' && expected.refusal === '';
  if (dialect !== 'messages' && dialect !== 'completions' && !anyRefusal && found.refusal !== expected.refusal) {
    faults.push(`refusal ${show(found.refusal)}, not ${show(expected.refusal)}`);
  }
  const thoughts = planned.includes(found.text) ? [expected.reasoning] : [plan + expected.reasoning, expected.reasoning + plan];
  if (dialect !== 'completions' && !thoughts.some((thought) => sameThought(thought, found.reasoning))) {
    faults.push(`reasoning ${show(found.reasoning)}, not ${show(expected.reasoning)}`);
  }
  return faults;
}

/** Parts of a thought may be set apart by blank lines where a format has one string for them. */
function sameThought(expected: string, found: string): boolean {
  return expected === found || expected.replace(/\n+/g, '') === found.replace(/\n+/g, '');
}

function callDifferences(expected: Said, found: Said): string[] {
  const names = (said: Said) => said.calls.map(({ name }) => name).join(', ');
  if (names(expected) !== names(found)) return [`calls [${names(found)}], not [${names(expected)}]`];
  return expected.calls.flatMap(({ name, input }, index) => {
    const other = found.calls[index]?.input;
    // Free text reaches a format that knows JSON only in a document around it.
    const wrapped = typeof input === 'string' && typeof other === 'object' && other !== null && Object.values(other).includes(input);
    return wrapped || isDeepStrictEqual(other, input)
      ? []
      : [`input of ${name} ${show(JSON.stringify(other))}, not ${show(JSON.stringify(input))}`];
  });
}

function stopDifference(expected: Said, found: Said, dialect: ClientDialect): string[] {
  if (expected.stop === 'none' || expected.stop === found.stop) return [];
  return standIns[dialect][expected.stop]?.includes(found.stop) === true ? [] : [`stop ${found.stop}, not ${expected.stop}`];
}

function usageDifferences(expected: Usage, found: Usage | undefined): string[] {
  if (found === undefined) return ['no usage'];
  const names = ['input', 'output', 'cached', 'reasoning'] as const;
  return names.flatMap((name) => {
    const [wanted, got] = [expected[name], found[name]];
    // A format that cannot say how much was thought says nothing false; where nobody counted, zero is right.
    if (name === 'reasoning' && (got === undefined || wanted === undefined)) return [];
    const whole = name === 'input' || name === 'output' ? expected.withSteps?.[name] : undefined;
    return got === wanted || (whole !== undefined && got === whole) ? [] : [`usage ${name} ${got ?? 'none'}, not ${wanted ?? 'none'}`];
  });
}

function show(text: string | undefined): string {
  const shown = JSON.stringify(text ?? null);
  return shown.length <= 60 ? shown : `${shown.slice(0, 40)}…${shown.slice(-15)} (${shown.length})`;
}
