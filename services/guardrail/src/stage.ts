import { defineStage, forward, refuse } from '@sluice/bus';
import { SluiceError } from '@sluice/contracts';
import { collectTexts } from '@sluice/dialects';
import { joinParts } from './joined-parts.ts';
import { redactBody } from './redact.ts';
import type { Outcome, Stage, StageRequest } from '@sluice/bus';
import type { CompiledPolicy, Engine, Verdict } from './engine.ts';
import type { GuardMetrics } from './guard-metrics.ts';

export interface StageDependencies {
  readonly engine: Engine;
  readonly metrics: GuardMetrics;
}

const encoder = new TextEncoder();

/** Detections told in the envelope: enough to explain, too few to weigh down the message. */
const maxReported = 16;

/** Inspects every text of a request. Whatever goes wrong in here refuses the request: this stage fails closed. */
export function createStage({ engine, metrics }: StageDependencies): Stage {
  return defineStage({
    name: 'guardrail',
    version: '0.1.0',
    description: 'Looks for prompt injection, jailbreaks, secrets and denied phrases in every text of a request.',
    // inspection is CPU alone; more at once would only make all of them late
    concurrency: 64,
    queueLimit: 1024,
    async handle(request): Promise<Outcome> {
      try {
        return await inspectRequest(request, engine, metrics);
      } catch (thrown) {
        metrics.failed();
        return refuse(SluiceError.from(thrown), { guards: [{ guard: 'guardrail', ran: false, reason: 'error' }] });
      }
    },
  });
}

async function inspectRequest({ envelope, body }: StageRequest, engine: Engine, metrics: GuardMetrics): Promise<Outcome> {
  const compiled = engine.policy(envelope.principal.policy);
  if (compiled === undefined)
    throw new SluiceError('stage_unavailable', 'The policy of this key is not known to the guardrail yet; retry in a moment.', {
      stage: 'guardrail',
    });
  if (compiled.detectors.length === 0) return forward({ found: { action: 'allow', score: 0, detections: [] }, guards: compiled.skipped });
  refuseOversize(compiled, body.byteLength);
  const value = await body.json();
  const segments = collectTexts(envelope.dialect, value);
  const joined = joinParts(segments);
  const verdict = await engine.inspect(compiled, joined.length === 0 ? segments : [...segments, ...joined]);
  metrics.observe(verdict);
  const found = {
    action: verdict.action,
    score: verdict.score,
    detections: verdict.detections.slice(0, maxReported).map(({ detection }) => detection),
  };
  const { guards } = verdict;
  if (verdict.action === 'block') return refuse(blocked(verdict), { found, guards });
  if (verdict.action !== 'redact') return forward({ found, guards });
  const redacted = redactBody(envelope.dialect, value, segments, verdict.detections);
  if (joined.length > 0) {
    // What is still there was split over content parts: no single text holds it, so it cannot be cut out.
    const rest = await engine.inspect(compiled, joinParts(collectTexts(envelope.dialect, redacted)));
    if (rest.action === 'redact' || rest.action === 'block') return refuse(blocked(rest), { found: { ...found, action: 'block' }, guards });
  }
  return forward({ found, guards, body: encoder.encode(JSON.stringify(redacted)) });
}

/** @throws SluiceError `request_too_large`: what is not inspected does not pass */
export function refuseOversize({ policy }: CompiledPolicy, bytes: number): void {
  if (bytes <= policy.maxInspectedBytes) return;
  throw new SluiceError(
    'request_too_large',
    `The text is longer than the ${policy.maxInspectedBytes} bytes that the policy inspects; shorten it.`,
    { stage: 'guardrail' },
  );
}

function blocked({ detections }: Verdict): SluiceError {
  const worst = detections.find(({ action }) => action === 'block') ?? detections.find(({ action }) => action === 'redact');
  const category = worst?.detection.category ?? 'content';
  return new SluiceError(
    'content_policy_violation',
    `The request was blocked by the content policy (${category}); change the text, a retry will not help.`,
    { stage: 'guardrail' },
  );
}
