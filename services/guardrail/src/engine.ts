import { inspectText } from './normalise/inspected-text.ts';
import type { Speaker } from './normalise/inspected-text.ts';
import { Folder } from './normalise/fold.ts';
import type { Detection, GuardAction, GuardrailCheckRequest, GuardrailPolicy, GuardRun, Snapshot } from '@sluice/contracts';
import type { TextSegment } from '@sluice/dialects';
import type { CompiledDetector, Detector } from './detector.ts';

/** Longest text inspected in one go, UTF-16 units; longer ones come in chunks of this size. */
const chunkUnits = 32_768;
/** Chunks overlap by this much, so that nothing shorter is cut in two. */
const overlapUnits = 2_048;
/** Text inspected before the event loop gets its turn: a few milliseconds. */
const unitsBetweenTurns = 65_536;
/** Detections kept of one request; the action is decided by all of them. */
const maxDetections = 64;

/** A text to inspect and who wrote it. */
export type EngineText = Pick<TextSegment, 'text' | 'role' | 'path'>;

/** Texts on their way to a model, or an answer of one. */
export type Direction = GuardrailCheckRequest['direction'];

/** What a policy makes of some texts. */
export interface Verdict {
  readonly action: GuardAction;
  /** Highest probability of an attack in any text, also below the threshold. */
  readonly score: number;
  /** The first of each kind and place; `text` is the index of the text they stand in. */
  readonly detections: readonly LocatedDetection[];
  readonly guards: readonly GuardRun[];
  /** UTF-16 units that were inspected. */
  readonly inspectedUnits: number;
}

export interface LocatedDetection {
  readonly text: number;
  readonly action: GuardAction;
  readonly detection: Detection;
}

export interface CompiledPolicy {
  readonly policy: GuardrailPolicy;
  readonly detectors: readonly { readonly detector: CompiledDetector; readonly action: 'flag' | 'redact' | 'block' }[];
  /** Guards of the policy that do not run, and why. */
  readonly skipped: readonly GuardRun[];
}

/** Severity in ascending order. */
const severity: Readonly<Record<GuardAction, number>> = { allow: 0, flag: 1, redact: 2, block: 3 };

/** Detectors made ready for every policy of a snapshot, and the loop that runs them over texts. */
export class Engine {
  readonly #detectors: readonly Detector[];
  readonly #folder = new Folder();
  readonly #hiddenFolder = new Folder();
  #policies: ReadonlyMap<string, CompiledPolicy> = new Map();

  constructor(detectors: readonly Detector[]) {
    this.#detectors = detectors;
  }

  /** Swaps in the policies of a snapshot, whole or not at all. */
  load(snapshot: Pick<Snapshot, 'policies'>): void {
    this.#policies = new Map(snapshot.policies.map((policy) => [policy.name, this.#compile(policy.guardrail)]));
  }

  policy(name: string): CompiledPolicy | undefined {
    return this.#policies.get(name);
  }

  #compile(policy: GuardrailPolicy): CompiledPolicy {
    const skipped: GuardRun[] = [];
    const detectors: { detector: CompiledDetector; action: 'flag' | 'redact' | 'block' }[] = [];
    for (const [name, action] of Object.entries(policy.detectors)) {
      const detector = this.#detectors.find((candidate) => candidate.name === name);
      if (detector === undefined) skipped.push({ guard: name, ran: false, reason: 'unsupported' });
      else if (action === 'off' || policy.mode === 'off') skipped.push({ guard: name, ran: false, reason: 'policy' });
      else detectors.push({ detector: detector.compile(policy), action });
    }
    return { policy, detectors, skipped };
  }

  /**
   * Runs a policy's detectors over every text, whole. Huge inputs are worked off in turns, so that other requests of
   * this process are served meanwhile.
   * @throws whatever a detector throws: the caller refuses the request then
   */
  async inspect(compiled: CompiledPolicy, texts: readonly EngineText[], direction: Direction = 'input'): Promise<Verdict> {
    const tally = new Tally(compiled);
    let sinceTurn = 0;
    for (let index = 0; index < texts.length; index++) {
      const entry = texts[index];
      if (entry === undefined) continue;
      const { text } = entry;
      const speaker = direction === 'output' ? 'model' : isApplication(entry) ? 'application' : 'other';
      for (let start = 0; start === 0 || start + overlapUnits < text.length; start += chunkUnits - overlapUnits) {
        const chunk = text.length <= chunkUnits ? text : text.slice(start, start + chunkUnits);
        this.#inspectChunk(compiled, chunk, speaker, index, start, tally);
        sinceTurn += chunk.length;
        if (sinceTurn < unitsBetweenTurns) continue;
        sinceTurn = 0;
        await new Promise(setImmediate);
      }
    }
    return tally.verdict();
  }

  #inspectChunk(compiled: CompiledPolicy, chunk: string, speaker: Speaker, index: number, offset: number, tally: Tally): void {
    tally.inspectedUnits += chunk.length;
    const inspected = inspectText(chunk, this.#folder, this.#hiddenFolder, speaker);
    compiled.detectors.forEach(({ detector, action }, position) => {
      const finding = detector.inspect(inspected);
      if (finding.attackScore !== undefined) tally.raise(finding.attackScore);
      for (const detection of finding.detections) tally.add(position, action, index, offset, detection);
    });
  }
}

/** Gathers what the detectors say about one request. */
class Tally {
  inspectedUnits = 0;
  readonly #compiled: CompiledPolicy;
  readonly #actions: GuardAction[];
  readonly #detections: LocatedDetection[] = [];
  readonly #seen = new Set<string>();
  #score = 0;

  constructor(compiled: CompiledPolicy) {
    this.#compiled = compiled;
    this.#actions = compiled.detectors.map(() => 'allow');
  }

  raise(score: number): void {
    if (score > this.#score) this.#score = score;
  }

  add(position: number, configured: GuardAction, text: number, offset: number, detection: Detection): void {
    const action = this.#compiled.policy.mode === 'observe' ? 'flag' : configured;
    this.#actions[position] = worse(this.#actions[position] ?? 'allow', action);
    const start = detection.start === undefined ? undefined : detection.start + offset;
    const end = detection.end === undefined ? undefined : detection.end + offset;
    const key = `${text} ${detection.detector} ${start ?? ''}`;
    // redaction needs every place, reports do not
    if ((this.#detections.length >= maxDetections && action !== 'redact') || this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#detections.push({
      text,
      action,
      detection: { ...detection, ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) },
    });
  }

  verdict(): Verdict {
    const ran = this.#compiled.detectors.map(({ detector }, position): GuardRun => ({
      guard: detector.name,
      ran: true,
      action: this.#actions[position] ?? 'allow',
    }));
    return {
      action: this.#actions.reduce(worse, 'allow'),
      score: this.#score,
      detections: this.#detections,
      guards: [...ran, ...this.#compiled.skipped],
      inspectedUnits: this.inspectedUnits,
    };
  }
}

/** Descriptions of tools are the system's too, but a third party may have written them. */
function isApplication({ role, path }: EngineText): boolean {
  return (role === 'system' || role === 'developer') && !path.startsWith('tools') && !path.startsWith('functions');
}

function worse(left: GuardAction, right: GuardAction): GuardAction {
  return severity[right] > severity[left] ? right : left;
}
