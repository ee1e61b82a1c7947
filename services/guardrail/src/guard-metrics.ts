import { guardActions } from '@sluice/contracts';
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Verdict } from './engine.ts';

/** What the operator sees. Labels hold detector, category and action only, never a text. */
export interface GuardMetrics {
  observe(verdict: Verdict): void;
  /** The engine failed and a request was refused for it. */
  failed(): void;
}

export function createGuardMetrics(registry: Registry): GuardMetrics {
  const detections = new Counter({
    name: 'sluice_guardrail_detections_total',
    help: 'Detections by detector, category and the action taken.',
    labelNames: ['detector', 'category', 'action'],
    registers: [registry],
  });
  const requests = new Counter({
    name: 'sluice_guardrail_inspections_total',
    help: 'Inspected requests and checks by action.',
    labelNames: ['action'],
    registers: [registry],
  });
  const units = new Counter({ name: 'sluice_guardrail_inspected_units_total', help: 'UTF-16 units inspected.', registers: [registry] });
  const failures = new Counter({
    name: 'sluice_guardrail_failures_total',
    help: 'Requests refused because inspection failed.',
    registers: [registry],
  });
  // resolved once: finding a child by its labels costs more than counting
  const requestsOf = new Map(guardActions.map((action) => [action, requests.labels({ action })]));
  return {
    observe(verdict) {
      requestsOf.get(verdict.action)?.inc();
      units.inc(verdict.inspectedUnits);
      for (const { action, detection } of verdict.detections)
        detections.inc({ detector: detection.detector, category: detection.category, action });
    },
    failed: () => {
      failures.inc();
    },
  };
}
