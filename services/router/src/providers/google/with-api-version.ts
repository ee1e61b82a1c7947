/** The address with the API's version at its end: operators copy it with or without, and often that of OpenAI's interface. */
export function withApiVersion(address: string, version: string): string {
  const bare = address.replace(/\/+$/, '').replace(/\/openai$/, '');
  return /\/v\d+(?:(?:alpha|beta)\d*)?$/.test(bare) ? bare : `${bare}/${version}`;
}
