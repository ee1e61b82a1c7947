import { pathSegment } from '../google/gemini-path.ts';
import type { VertexPlace } from './vertex-account.ts';

/** Who made a model, and what it is called there. */
interface PublishedModel {
  readonly publisher: string;
  readonly name: string;
}

/** `publishers/anthropic/models/x`, `anthropic/x` or `x` alone; Claude is known by its name. Undefined: an endpoint of one's own. */
export function publishedModel(model: string): PublishedModel | undefined {
  const [first = '', second = '', third = '', fourth = '', ...more] = model.split('/');
  if (first === 'endpoints' || first === 'projects') return undefined;
  if (first === 'publishers' && third === 'models' && fourth !== '' && more.length === 0) return { publisher: second, name: fourth };
  if (first === 'models' && second !== '' && third === '') return { publisher: 'google', name: second };
  if (first !== '' && second !== '' && third === '') return { publisher: first, name: second };
  return { publisher: model.startsWith('claude') ? 'anthropic' : 'google', name: model };
}

/** The resource of a place under which all others stand. */
export function locationPath(place: VertexPlace): string {
  return place.express ? '' : `/projects/${pathSegment(place.project)}/locations/${pathSegment(place.location)}`;
}

export function modelPath(place: VertexPlace, publisher: string, name: string): string {
  return `${locationPath(place)}/publishers/${pathSegment(publisher)}/models/${pathSegment(name)}`;
}

/** A deployed or tuned model: `endpoints/123`, or the whole name of a resource, as the console shows it. */
export function endpointPath(place: VertexPlace, model: string): string {
  const path = model.split('/').map(pathSegment).join('/');
  // Whole only where it is what it seems: nothing in a name may step out of the path.
  if (/^projects\/[\w-]+\/locations\/[\w-]+\/(?:endpoints|publishers\/[\w-]+\/models)\/[\w.@-]+$/.test(model) && !model.includes('..'))
    return `/${path}`;
  return `${locationPath(place)}/endpoints/${pathSegment(model.replace(/^endpoints\//, ''))}`;
}
