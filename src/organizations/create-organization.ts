/** Creates an organization with its default project, first ADMIN and audit chain head. */
import { systemContext } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { Services } from '../context/services.js'
import { AuditHead } from '../entities/audit-head.js'
import { Member } from '../entities/member.js'
import { Organization } from '../entities/organization.js'
import { Project } from '../entities/project.js'
import { User } from '../entities/user.js'
import { genesis } from '../journal/chain.js'
import { normalizeEmail } from '../lib/email.js'
import { newId } from '../lib/id.js'
import { Validator } from '../validation/validator.js'

export const maxOrganizationNameLength = 255

/** Ids of the created rows. */
export interface CreatedOrganization {
  readonly organizationId: string
  readonly projectId: string
  readonly userId: string
}

/** @throws DomainError INVALID */
export async function createOrganization(
  services: Services,
  input: { name: string; email: string; userName: string },
): Promise<CreatedOrganization> {
  // Validate outside `perform`: a rejected organization has no audit trail to record the denial.
  const validator = new Validator()
  validator.text('name', input.name, maxOrganizationNameLength)
  validator.email('email', input.email)
  validator.throwIfInvalid()
  const organizationId = newId('org', services.clock())
  return perform(systemContext(services, organizationId), 'organization:create', ({ em, now, permit }) => {
    permit({ id: organizationId })
    const projectId = newId('prj', now)
    const userId = newId('usr', now)
    em.persist([
      Object.assign(new Organization(), { id: organizationId, name: input.name, createdAt: now }),
      Object.assign(new AuditHead(), { organizationId, ...genesis }),
      Object.assign(new Project(), { id: projectId, organizationId, name: 'Default', slug: 'default', createdAt: now, updatedAt: now }),
      Object.assign(new User(), {
        id: userId,
        organizationId,
        email: input.email,
        emailKey: normalizeEmail(input.email),
        name: input.userName,
        createdAt: now,
      }),
      Object.assign(new Member(), {
        id: newId('mem', now),
        organizationId,
        userId,
        role: 'ADMIN',
        projectIds: null,
        authVersion: 0,
        joinedAt: now,
      }),
    ])
    return { organizationId, projectId, userId }
  })
}
