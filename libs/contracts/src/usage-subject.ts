import type { Envelope } from './envelope.ts';
import type { UsageIntent } from './events.ts';

/** Who and what every usage event of a request is about. */
export type UsageSubject = Pick<
  UsageIntent,
  'requestId' | 'organization' | 'team' | 'keyId' | 'user' | 'tags' | 'dialect' | 'modelAsked' | 'configVersion' | 'stream'
>;

/** The members that the usage events of a request share, whichever service writes them. */
export function usageSubject(envelope: Envelope): UsageSubject {
  const { organization, team, keyId } = envelope.principal;
  return {
    requestId: envelope.id,
    organization,
    team,
    keyId,
    ...(envelope.user === undefined ? {} : { user: envelope.user }),
    tags: envelope.tags,
    dialect: envelope.dialect,
    modelAsked: envelope.model,
    configVersion: envelope.configVersion,
    stream: envelope.stream,
  };
}

/** CloudEvents `subject` of a request's usage events: organisation, team and key. */
export function usageEventSubject({ principal }: Envelope): string {
  return `${principal.organization}/${principal.team}/${principal.keyId}`;
}
