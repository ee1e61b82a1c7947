import type { EventPublisher } from '@sluice/bus';
import { auditEventTypes, subjects } from '@sluice/contracts';
import type { AuditData } from '@sluice/contracts';
import type { RandomBytes } from './virtual-key.ts';

/** Organisation of events that concern the whole deployment. */
const systemOrganization = 'system';

/** Says on the audit stream what control itself did. */
export class AuditTrail {
  readonly #publisher: EventPublisher;
  readonly #randomBytes: RandomBytes;

  constructor(publisher: EventPublisher, randomBytes: RandomBytes) {
    this.#publisher = publisher;
    this.#randomBytes = randomBytes;
  }

  configuration(data: Omit<AuditData, 'organization'>): void {
    this.#publish(auditEventTypes.configuration, { ...data, organization: systemOrganization });
  }

  access(data: AuditData): void {
    this.#publish(auditEventTypes.access, data);
  }

  #publish(type: typeof auditEventTypes.configuration | typeof auditEventTypes.access, data: AuditData): void {
    const id = `aud_${Buffer.from(this.#randomBytes(16)).toString('hex')}`;
    this.#publisher.publish(subjects.audit(data.organization), { id, type, subject: data.keyId ?? data.organization, data });
  }
}
