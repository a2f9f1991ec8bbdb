/** Credential of one owner for an MCP server. Write-only: the value is sealed, bound to its row, and never returned. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, Int, ObjectType } from 'type-graphql'

import { integer, timestamp, json, text } from './columns.js'
import { credentialStatus } from './credential-status.js'
import { type CredentialStatus, type Environment, McpAuthType, type McpCredentialHealthStatus } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar, UrlScalar } from './scalars.js'
import { owner, tenant } from './tenant-filter.js'

@ObjectType('McpCredential', {
  simpleResolvers: true,
  implements: Node,
  description:
    'MCP credential. Authenticates one owner, a backend or an end user, to an MCP server. The value is write-only: no operation returns it. Reading needs `mcp_credential:read`.',
})
@Entity()
@Index({ properties: ['serverId', 'createdAt', 'id'] })
@Index({ properties: ['organizationId', 'createdAt', 'id'] })
@Index({ properties: ['organizationId', 'endUserId'] })
@Filter(tenant('McpCredential', 'environment'))
@Filter(owner('McpCredential', 'private'))
export class McpCredential extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Property(text())
  environment!: Environment

  /** Null: owned by the backend. */
  @Property(text({ nullable: true }))
  endUserId!: string | null

  /** No foreign key: the record outlives its server. */
  @Property(text())
  serverId!: string

  /** Origin of the server at creation. The value is sent to no other scheme, host or port. */
  @Property(text())
  origin!: string

  @Field(() => String, { nullable: true, description: 'Name given by its owner. Null when none was given.' })
  @Property(text({ nullable: true }))
  name!: string | null

  @Field(() => McpAuthType, { description: 'Authentication type: the form in which the value is sent to the server.' })
  @Property(text())
  authType!: McpAuthType

  @Field(() => String, {
    nullable: true,
    description:
      'Masked value for display: `****...` and its last four characters, or `****` when shorter than 12 characters. Null for HEADERS and NONE.',
  })
  @Property(text({ nullable: true }))
  authorizationPreview!: string | null

  @Field(() => [String], {
    description: 'Names of the HTTP headers of a HEADERS credential; their values are never returned. Empty for other types.',
  })
  @Property(json())
  headerNames!: string[]

  /** Sealed headers as JSON. Null for NONE, and after revocation. */
  @Property(text({ nullable: true }))
  sealedValue!: string | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Expiry time. The credential is not sent from this time on. Null: it does not expire.',
  })
  @Property(timestamp({ nullable: true }))
  expiresAt!: Date | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Time at which the credential was last sent to the server, written about one second late. Null: never sent.',
  })
  @Property(timestamp({ nullable: true }))
  lastUsedAt!: Date | null

  @Property({ ...text(), default: 'UNKNOWN' })
  healthStatus!: McpCredentialHealthStatus

  /** Time from which `healthStatus` holds. Null: UNKNOWN. */
  @Property(timestamp({ nullable: true }))
  healthChangedAt!: Date | null

  /** HTTP status of the last response that tells the health. Null: UNKNOWN. */
  @Property(integer({ nullable: true }))
  healthHttpStatus!: number | null

  @Field(() => Int, {
    description: 'Version of the value: the number of values stored so far. `updateMcpCredential` raises it with each new value.',
  })
  @Property({ ...integer(), default: 1 })
  version!: number

  /** The tokens are sent to no other issuer. */
  @Field(() => UrlScalar, {
    nullable: true,
    description: 'Issuer of the authorization server that granted the tokens of an OAUTH credential. Null for other types.',
  })
  @Property(text({ nullable: true }))
  oauthIssuer!: string | null

  /** {@link McpOAuthClient} that the tokens were granted to. No foreign key: the record outlives its client. */
  @Property(text({ nullable: true }))
  oauthClientId!: string | null

  /** Resource that the tokens were asked for (RFC 8707). Null: none was named. */
  @Property(text({ nullable: true }))
  oauthResource!: string | null

  @Field(() => [String], {
    nullable: true,
    description: 'Scopes that the authorization server granted to an OAUTH credential. Null for other types.',
  })
  @Property(json({ nullable: true }))
  oauthScopes!: string[] | null

  @Field(() => [String], {
    nullable: true,
    description:
      'Scopes that the server missed in a refused call (RFC 6750 §3.1). The next connection asks for them too. Null: it missed none.',
  })
  @Property(json({ nullable: true }))
  neededScopes!: string[] | null

  /** Sealed refresh token. Null: none was issued, or it is spent. */
  @Property(text({ nullable: true }))
  sealedRefresh!: string | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'Expiry time of the current access token of an OAUTH credential, which Keyhouse renews. Null for other types, and when the authorization server gave none.',
  })
  @Property(timestamp({ nullable: true }))
  accessExpiresAt!: Date | null

  /** Time from which a request renews the access token first. Null like `accessExpiresAt`. */
  @Property(timestamp({ nullable: true }))
  renewAt!: Date | null

  /** Number of renewals of the access token. Unlike `version` it ends no session: the account is the same. */
  @Property({ ...integer(), default: 0 })
  refreshVersion!: number

  /** Until then, one process renews the access token. */
  @Property(timestamp({ nullable: true }))
  leaseUntil!: Date | null

  @Field(() => DateTimeScalar, { description: 'Creation time of the credential.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, {
    description: 'Time of the last change: creation, update or revocation. Using the credential does not change it.',
  })
  @Property(timestamp())
  updatedAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'Revocation time, at which the value was wiped. Final. Null: not revoked.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  status(now: Date): CredentialStatus {
    return credentialStatus(this, now)
  }

  /** Associated data of the sealed value: it does not open on another row. */
  aad(): (string | null)[] {
    return ['mcp_credential', this.organizationId, this.projectId, this.environment, this.endUserId, this.serverId, this.origin, this.id]
  }

  /** Associated data of the sealed refresh token: it does not open as a value that is sent to the server. */
  refreshAad(): (string | null)[] {
    return ['mcp_refresh_token', ...this.aad().slice(1), this.oauthIssuer]
  }

  /** Replaces the value. The health of the previous one says nothing about it. */
  replaceValue(
    { authType, authorizationPreview, headerNames }: Pick<McpCredential, 'authType' | 'authorizationPreview' | 'headerNames'>,
    sealedValue: string | null,
  ): void {
    Object.assign(this, { authType, authorizationPreview, headerNames, sealedValue })
    Object.assign(this, { healthStatus: 'UNKNOWN', healthChangedAt: null, healthHttpStatus: null }, noOAuth())
    this.version++
  }

  /** Wipes the value and keeps the record. */
  revoke(now: Date): void {
    this.revokedAt = now
    this.updatedAt = now
    this.sealedValue = null
    this.sealedRefresh = null
  }
}

/** Columns of OAuth of a credential of another type. */
export const noOAuth = () => ({
  oauthIssuer: null as string | null,
  oauthClientId: null as string | null,
  oauthResource: null as string | null,
  oauthScopes: null as string[] | null,
  neededScopes: null as string[] | null,
  sealedRefresh: null as string | null,
  accessExpiresAt: null as Date | null,
  renewAt: null as Date | null,
  refreshVersion: 0,
  leaseUntil: null as Date | null,
})
