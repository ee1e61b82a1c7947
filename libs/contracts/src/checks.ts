/** Bodies of `/v1/guardrails/check` and `/v1/mask`; the same messages travel on `check.guardrail` and `check.masking`. */
import { z } from 'zod';
import { detectionSchema, guardActions } from './envelope.ts';

export const guardrailCheckRequestSchema = z.strictObject({
  input: z.string('give the text to check as a string'),
  direction: z.enum(['input', 'output'], 'write "input" or "output"').default('input'),
  /** Name of a policy; default: the calling key's. */
  policy: z.string().optional(),
});
export type GuardrailCheckRequest = z.infer<typeof guardrailCheckRequestSchema>;

export const guardrailCheckResponseSchema = z.object({
  action: z.enum(guardActions),
  /** Probability that the text is an attack, 0 to 1. */
  score: z.number().min(0).max(1),
  detections: z.array(detectionSchema),
  /** Which detectors ran over which share of the text. */
  coverage: z.object({
    detectors: z.array(z.string()),
    skipped: z.array(z.object({ detector: z.string(), reason: z.string() })),
    inspectedBytes: z.number().int(),
  }),
});
export type GuardrailCheckResponse = z.infer<typeof guardrailCheckResponseSchema>;

export const maskRequestSchema = z.strictObject({
  text: z.string('give the text to mask as a string'),
  policy: z.string().optional(),
});
export type MaskRequest = z.infer<typeof maskRequestSchema>;

export const maskResponseSchema = z.object({
  text: z.string(),
  /** Offsets in UTF-16 units of the input. */
  entities: z.array(
    z.object({
      type: z.string(),
      start: z.number().int(),
      end: z.number().int(),
      score: z.number().min(0).max(1),
    }),
  ),
});
export type MaskResponse = z.infer<typeof maskResponseSchema>;
