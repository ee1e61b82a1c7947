import { drop, type Outcome, refuse, type StageContext, type StageRequest } from '@sluice/bus';
import { SluiceError } from '@sluice/contracts';
import { collectAnswerTexts } from '@sluice/dialects';
import type { Asked } from './ask-target.ts';
import { askTargets } from './ask-targets.ts';
import { parseBody } from './endpoints/translated-endpoint.ts';
import { answerOf, recordOf, refusal, usageSoFar } from './outcomes.ts';
import { RequestWatch } from './request-watch.ts';
import { Holding, usages } from './reservation/holding.ts';
import { type FallbackClass, fallbackClassOf, fallbackClassOfAnswer } from './resilience/fallback-class.ts';
import type { Route } from './routing-table.ts';
import { routeFacts } from './strategies/route-facts.ts';
import type { RequestTools, Run } from './run.ts';

/** Fallbacks of fallbacks end here. */
const maxRoutes = 8;

/** Finds the route of a fallback by its model's name. */
export type FindRoute = (model: string) => Route | undefined;

/** Asks the targets of a route until one answers, then those of its fallbacks, or refuses. */
export async function routeRequest(
  tools: RequestTools,
  request: StageRequest,
  context: StageContext,
  route: Route,
  find: FindRoute,
): Promise<Outcome> {
  const body = request.body.inline ?? (await request.body.bytes());
  if (context.claimRequired && !(await context.claim())) return drop();
  const { envelope } = request;
  const watch = new RequestWatch(tools, context, envelope.dispatchedAt);
  const holding = Holding.of(envelope, context.deadline, route, tools);
  const run: Run = { tools, envelope, body, route, watch, attempts: [], failed: [], refusedAccounts: new Set(), holding };
  let streaming = false;
  try {
    const outcome = await askRoutes(run, find);
    streaming = outcome.kind === 'stream';
    return outcome;
  } catch (thrown) {
    if (thrown instanceof SluiceError) return refuse(thrown, { attempts: run.attempts });
    throw thrown;
  } finally {
    // A stream is watched until its last byte.
    if (!streaming) watch.end();
  }
}

/** The refusal is that of the model that was asked for: what its fallbacks met is not the client's affair. */
async function askRoutes(first: Run, find: FindRoute): Promise<Outcome> {
  const facts = routeFacts(first.envelope, () => parseBody(first.body));
  const asked = new Set<Route>();
  for (let run = first; asked.size < maxRoutes;) {
    asked.add(run.route);
    const order = run.route.order(facts);
    const answer = await askTargets(run, order instanceof Promise ? await order : order);
    const next = await affordable(run, answer, nextRoute(run, answer, asked, find));
    if (next === undefined) return answer === undefined ? refusal(first) : answerOf(run, answer.target, answer.result);
    if (answer !== undefined) run.attempts.push(await recordOf(answer.result));
    run = { ...first, route: next, failed: [] };
  }
  return refusal(first);
}

type Answer = Extract<Asked, { kind: 'answered' }>;

/** The first fallback for what happened that was not asked yet. */
function nextRoute(run: Run, answer: Answer | undefined, asked: ReadonlySet<Route>, find: FindRoute): Route | undefined {
  const { fallbacks } = run.route.model;
  const last = run.failed.at(-1);
  const kind = answer === undefined ? last && fallbackClassOf(last.failure) : classOfAnswer(run, answer);
  if (kind === undefined) return undefined;
  const routes = fallbacks[kind].map((name) => find(name));
  return routes.find((route) => route !== undefined && route.targets.length > 0 && !asked.has(route));
}

/** A fallback may be dearer than what is held, and what was answered was used: where limits leave no room the first outcome stands. */
async function affordable({ holding, attempts }: Run, answer: Answer | undefined, next: Route | undefined): Promise<Route | undefined> {
  if (holding === undefined || next === undefined) return next;
  const spent = [...usages(attempts), answer === undefined ? undefined : usageSoFar(answer.result)];
  return (await holding.cover(next, spent)) === 'granted' ? next : undefined;
}

/** An answer that a filter of the provider held back before it said anything. */
function classOfAnswer({ route, envelope }: Run, { result }: Answer): FallbackClass | undefined {
  if (route.model.fallbacks.contentPolicy.length === 0) return undefined;
  if (result.kind === 'stream') {
    const { finishReason, contentEvents } = result.stream;
    return fallbackClassOfAnswer({ finishReason, isEmpty: contentEvents <= 1 });
  }
  const { finishReason, body } = result.answer;
  if (finishReason !== 'content_filter' && finishReason !== 'refusal') return undefined;
  const texts = collectAnswerTexts(envelope.dialect, JSON.parse(Buffer.from(body).toString()));
  return fallbackClassOfAnswer({ finishReason, isEmpty: texts.every(({ text }) => text === '') });
}
