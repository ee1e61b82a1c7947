/** Names that lead to a model of the Gemini API: `models/…` as its own list writes them, and tuned models. */
const collections = ['models', 'tunedModels'];

/**
 * A model's resource below the API's version. Whatever stands in the name stays one segment of the path: a name such as
 * `../files` would otherwise lead the account's key to another resource.
 */
export function geminiModelPath(model: string): string {
  const slash = model.indexOf('/');
  const collection = collections.find((name) => name === model.slice(0, Math.max(slash, 0)));
  return collection === undefined ? `/models/${pathSegment(model)}` : `/${collection}/${pathSegment(model.slice(slash + 1))}`;
}

/** Versions at Vertex are written `name@version`; nothing else that a path reads stays as it is. */
export function pathSegment(name: string): string {
  return encodeURIComponent(name).replaceAll('%40', '@');
}
