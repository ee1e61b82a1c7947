import { SluiceError } from '@sluice/contracts';
import type { Configuration } from '@sluice/contracts';
import type { NewKey } from './key-store.ts';
import { suggestion } from './nearest-name.ts';

export type KeyRequest = Pick<NewKey, 'name' | 'organization' | 'team' | 'models' | 'policy' | 'limits' | 'budgets'>;

/**
 * A key made by the API may name only what the configuration in force has.
 * @throws SluiceError `invalid_request` naming the field
 */
export function checkKeyRequest(request: KeyRequest, configuration: Configuration): void {
  const organizations = configuration.organizations ?? [];
  requireName(request.organization, organizations, 'organization', 'an organisation');
  const organization = organizations.find((entry) => entry.name === request.organization);
  requireName(request.team, organization?.teams ?? [], 'team', `a team of ${request.organization}`);
  if (request.policy !== null) requireName(request.policy, configuration.policies, 'policy', 'a policy');
  request.models?.forEach((model, index) => {
    requireName(model, configuration.models, `models.${index}`, 'a model');
  });
}

function requireName(name: string, entries: readonly { readonly name: string }[], param: string, what: string): void {
  const known = entries.map((entry) => entry.name);
  if (known.includes(name)) return;
  throw new SluiceError('invalid_request', `"${name}" is not ${what} of the configuration in force${suggestion(name, known)}`, { param });
}
