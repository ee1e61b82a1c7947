/**
 * Trains the learned part of the injection detector.
 *
 *     node training/train.ts <rows.jsonl.gz> [folds = 6]  # folds > 0: cross-validation over whole families of sources
 *
 * Deterministic: the same rows give the same bytes. Writes src/detectors/injection/{weights.bin,model.json}.
 */
import { writeFileSync } from 'node:fs';
import { judgeByRules } from '../src/detectors/injection/judge-by-rules.ts';
import { rules } from '../src/detectors/injection/rules.ts';
import { quantise, trainWeights } from './logistic-regression.ts';
import { prepare } from './prepare.ts';
import { familyOf, readRows } from './read-rows.ts';
import { evaluate, quantileOfBenign } from './figures.ts';
import type { Example } from './prepare.ts';

const [path, foldsText = '6'] = process.argv.slice(2);
if (path === undefined) throw new TypeError('give the path of the rows');
const folds = Number(foldsText);
/** Share of benign texts of unseen sources that may reach a score of .5. */
const falsePositiveRate = 0.01;
/** How fast the probability rises with the logit: scores of unseen sources are less certain than the fit says. */
const slope = 0.6;

const examples = prepare(readRows(path));
const families = [...new Set(examples.map((example) => familyOf(example.source)))].sort();
const ruled = examples.map((example) => judgeByRules(example.hits).score);
const heldOut = new Float64Array(examples.length);
for (let fold = 0; fold < folds; fold++) {
  const isOut = (example: Example) => families.indexOf(familyOf(example.source)) % folds === fold;
  const weights = quantise(trainWeights(examples.filter((example) => !isOut(example))));
  examples.forEach((example, index) => {
    if (isOut(example)) heldOut[index] = example.score(weights);
  });
}
const combine = (offset: number) =>
  examples.map((example, index) => {
    const learned = 1 / (1 + Math.exp(-((heldOut[index] ?? 0) - offset) * slope));
    return { example, score: 1 - (1 - learned) * (1 - (ruled[index] ?? 0)) };
  });
/** Raised in steps of a tenth until few enough benign texts of unseen sources reach a half. */
let offset = 0;
while (folds > 0 && offset < 20 && quantileOfBenign(combine(offset), falsePositiveRate) >= 0.5) offset += 0.1;
if (folds > 0) console.log(evaluate(combine(offset)));
const weights = quantise(trainWeights(examples));
const here = new URL('../src/detectors/injection/', import.meta.url);
writeFileSync(new URL('weights.bin', here), weights.features);
const ruleWeights = Object.fromEntries(rules.map((rule, index) => [rule.name, Number((weights.rules[index] ?? 0).toFixed(4))]));
const biases = weights.biases.map((bias) => Number(bias.toFixed(4)));
const model = { step: weights.step, biases, offset: Number(offset.toFixed(2)), slope, ruleWeights };
writeFileSync(new URL('model.json', here), `${JSON.stringify(model, null, 2)}\n`);
console.log(model);
