import type { ProviderConfig } from '@sluice/contracts';
import { z } from 'zod';

const keyFile = z.looseObject({
  type: z.string().optional(),
  project_id: z.string().min(1).optional(),
});

/** Which project and place calls go to. `express`: without a project, which an API key alone can do (Vertex in express mode). */
export type VertexPlace = { readonly express: true } | { readonly express: false; readonly project: string; readonly location: string };

/** @throws Error that says what the operator has to set */
export function placeOf(config: ProviderConfig): VertexPlace {
  const location = config.gcp?.location ?? 'global';
  // It becomes part of a host name.
  if (!/^[a-z0-9-]{1,63}$/.test(location)) throw new Error('set gcp.location to the name of a region, e.g. europe-west4, or to global');
  const project = config.gcp?.project ?? readKeyFile(config.gcp?.serviceAccount)?.project_id;
  return project === undefined ? { express: true } : { express: false, project, location };
}

/** Address of a place, without the API's version. Multi-regions have hosts of their own kind. */
export function hostOf(place: VertexPlace): string {
  if (place.express || place.location === 'global') return 'https://aiplatform.googleapis.com';
  if (place.location === 'eu' || place.location === 'us') return `https://aiplatform.${place.location}.rep.googleapis.com`;
  return `https://${place.location}-aiplatform.googleapis.com`;
}

/** @throws Error where `gcp.serviceAccount` is not the JSON of a key file; what it holds is not repeated */
export function readKeyFile(text: string | undefined): (z.infer<typeof keyFile> & { readonly json: object }) | undefined {
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const parsed = keyFile.safeParse(json);
  if (!parsed.success) throw new Error('set gcp.serviceAccount to the content of a JSON key file, e.g. ${GOOGLE_SERVICE_ACCOUNT}');
  return { ...parsed.data, json: parsed.data };
}
