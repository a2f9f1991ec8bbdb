/** Test data builders: `const acme = await organization(app); const ci = await acme.apiKey({ permissions: ['agent:read'] })`. */
import type { EntityManager } from '@mikro-orm/core'

import { systemActor } from '../../src/access/actor.js'
import { createApiKey, type CreateApiKeyArgs } from '../../src/api-keys/create-api-key.js'
import { bootstrapOrganization } from '../../src/commands/organization-create.js'
import { systemContext } from '../../src/context/context.js'
import { ApiKey } from '../../src/entities/api-key.js'
import type { AuditEvent } from '../../src/entities/audit-event.js'
import type { MemberRole, PersonalTokenType } from '../../src/entities/enums.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { Member } from '../../src/entities/member.js'
import { PersonalToken } from '../../src/entities/personal-token.js'
import { Project } from '../../src/entities/project.js'
import { User } from '../../src/entities/user.js'
import { generateApiKey } from '../../src/lib/api-key-format.js'
import { sha256 } from '../../src/lib/crypto/digest.js'
import { newId } from '../../src/lib/id.js'
import { createLoginToken } from '../../src/personal-tokens/create-login-token.js'
import { issuePersonalToken } from '../../src/personal-tokens/issue-personal-token.js'
import { issueSignInToken } from '../../src/sign-in/issue-sign-in-token.js'
import type { TestApp } from './app.js'
import { eventsOf } from './audit-trail.js'
import { entityManager } from './database-access.js'

export interface SeededKey {
  readonly id: string
  readonly secret: string
}

export interface SeededMember {
  readonly memberId: string
  readonly userId: string
  readonly token: string
}

let names = 0

export class SeededOrganization {
  constructor(
    readonly app: TestApp,
    readonly id: string,
    readonly projectId: string,
    /** A key with `*` in the sandbox of the first project. */
    readonly sandboxKey: string,
    /** The first admin's LOGIN token. */
    readonly adminToken: string,
  ) {}

  private get context(): ReturnType<typeof systemContext> {
    return systemContext(this.app.services, this.id)
  }

  async apiKey(input: CreateApiKeyArgs = {}): Promise<SeededKey> {
    const { apiKey, secret } = await createApiKey(this.context, { projectId: this.projectId, permissions: [], expiresAt: null, ...input })
    return { id: apiKey.id, secret: secret.reveal() }
  }

  /** Inserts many keys in one transaction without createApiKey, for tests that need hundreds of keys. */
  async apiKeys(count: number, permissions: string[]): Promise<SeededKey[]> {
    const { apiKey: template } = await createApiKey(this.context, { projectId: this.projectId, permissions, expiresAt: null })
    const { em } = this.context
    const keys = Array.from({ length: count }, () => ({ id: newId('key', this.app.clock.now()), secret: generateApiKey('kh', 'SANDBOX') }))
    em.persist(keys.map(({ id, secret }) => Object.assign(new ApiKey(), template, { id, digest: sha256(secret) })))
    await em.flush()
    return keys
  }

  async project(slug = `project-${++names}`): Promise<string> {
    const { em } = this.context
    const now = this.app.clock.now()
    const project = Object.assign(new Project(), {
      id: newId('prj', now),
      organizationId: this.id,
      name: slug,
      slug,
      createdAt: now,
      updatedAt: now,
    })
    await em.persist(project).flush()
    return project.id
  }

  async member(role: MemberRole, projectIds: string[] | null = null): Promise<SeededMember> {
    const context = this.context
    const now = this.app.clock.now()
    const email = `person-${++names}@example.com`
    const user = Object.assign(new User(), {
      id: newId('usr', now),
      organizationId: this.id,
      email,
      emailKey: email,
      name: email,
      createdAt: now,
    })
    const member = Object.assign(new Member(), {
      id: newId('mem', now),
      organizationId: this.id,
      userId: user.id,
      role,
      projectIds,
      authVersion: 0,
      joinedAt: now,
    })
    await context.em.persist([user, member]).flush()
    const { token } = await createLoginToken(context, user.id)
    return { memberId: member.id, userId: user.id, token }
  }

  /** Inserts a personal token of any type and lifetime, without the rules of createPersonalToken. */
  async personalToken(
    userId: string,
    type: PersonalTokenType,
    permissions: readonly string[] | null = null,
    ttlMs = 86_400_000,
  ): Promise<{ id: string; token: string }> {
    const context = this.context
    const now = this.app.clock.now()
    const expiresAt = new Date(now.getTime() + ttlMs)
    const issue = { organizationId: this.id, userId, createdBy: userId, type, description: null, permissions, expiresAt }
    const { personalToken, text } = await issuePersonalToken(context, issue, now)
    await context.em.persist(personalToken).flush()
    return { id: personalToken.id, token: text }
  }

  /** Creates a new member and a sign-in token for it. */
  async signInToken(): Promise<string> {
    const { userId } = await this.member('READER')
    const { em } = this.context
    const { secret } = issueSignInToken(em, systemActor(this.id), userId, this.app.clock.now())
    await em.flush()
    return secret.reveal()
  }

  /** A new entity manager for the organization's rows. */
  get em(): EntityManager {
    return entityManager(this.app.services.orm, this.id)
  }

  /** The organization's audit events, oldest first; all of them or those of one action. */
  events(action?: string): Promise<AuditEvent[]> {
    return eventsOf(this.app.services.orm, this.id, action)
  }

  /** The key's current row. */
  keyRow(id: string): Promise<ApiKey> {
    return this.em.findOneOrFail(ApiKey, { id })
  }

  /** The personal token's current row. */
  tokenRow(id: string): Promise<PersonalToken> {
    return this.em.findOneOrFail(PersonalToken, { id })
  }

  /** The current row of the MCP credential of any owner. */
  credentialRow(id: string): Promise<McpCredential> {
    return this.em.findOneOrFail(McpCredential, { id })
  }

  /** The MCP credentials of all owners. */
  credentialRows(): Promise<McpCredential[]> {
    return this.em.find(McpCredential, {}, { orderBy: { id: 'ASC' } })
  }
}

export async function organization(app: TestApp): Promise<SeededOrganization> {
  const name = `Organization ${++names}`
  const { organizationId, projectId, sandboxApiKey, adminToken } = await bootstrapOrganization(app.services, {
    name,
    email: `admin-${names}@example.com`,
  })
  return new SeededOrganization(app, organizationId, projectId, sandboxApiKey, adminToken)
}
