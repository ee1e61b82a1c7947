import { createHash } from 'node:crypto';
import type { ModelTraits } from './model-traits.ts';

const converseId = /^[a-zA-Z0-9_-]{1,64}$/;
const mistralId = /^[a-zA-Z0-9]{9}$/;

/**
 * A call's id as the model takes it. Ids of other providers come back with a conversation that began there, and some have
 * characters or lengths that Converse refuses; the same id always becomes the same, so that calls and results still meet.
 */
export function toolUseId(id: string, traits: ModelTraits): string {
  const mistral = traits.family === 'mistral';
  if ((mistral ? mistralId : converseId).test(id)) return id;
  return createHash('sha256')
    .update(id)
    .digest('hex')
    .slice(0, mistral ? 9 : 32);
}
