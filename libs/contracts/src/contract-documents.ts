import { asyncApiDocument } from './asyncapi-document.ts';
import { contractJsonSchemas } from './json-schemas.ts';

/** Where generated documents stand in the repository. */
export const generatedFolder: URL = new URL('../../../docs/generated/', import.meta.url);

/** Every document that comes from the contract alone: path below {@link generatedFolder}, and its text. */
export function contractDocuments(): Map<string, string> {
  const documents = new Map([['asyncapi.json', print(asyncApiDocument())]]);
  for (const [name, schema] of Object.entries(contractJsonSchemas())) documents.set(`schemas/${name}.json`, print(schema));
  return documents;
}

/** Indented and with a line end, so that a change of the contract reads as a diff. */
function print(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
