/** Connection of an account in progress: a link for one end user to one MCP server, used once within 10 minutes. */
import { Entity, Filter, Index, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { json, text, timestamp } from './columns.js'
import type { Environment } from './enums.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { owner, tenant } from './tenant-filter.js'

@Entity()
@Index({ properties: ['organizationId', 'endUserId'] })
@Index({ properties: ['expiresAt'] })
@Filter(tenant('McpConnection', 'environment'))
@Filter(owner('McpConnection', 'private'))
export class McpConnection {
  @PrimaryKey(text())
  id!: string

  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Property(text())
  environment!: Environment

  /** The only end user whose browser may open the link. */
  @Property(text())
  endUserId!: string

  @Property(text())
  serverId!: string

  /** Origin of the server at the start. A server that has moved since is not connected. */
  @Property(text())
  origin!: string

  /** Key that started it. Revoked meanwhile, it connects nothing. */
  @Property(text())
  apiKeyId!: string

  /** {@link McpOAuthClient}, which names the issuer. */
  @Property(text())
  clientId!: string

  @Property(text({ nullable: true }))
  resource!: string | null

  @Property(json())
  scopes!: string[]

  /** Sealed PKCE code verifier (RFC 7636 §4.1). Null once used. */
  @Property(text({ nullable: true }))
  sealedVerifier!: string | null

  /** Sealed consent to an OAuth client that continues once the account is connected. Null: none waits, or it was used. */
  @Property(text({ nullable: true }))
  sealedConsent!: string | null

  @Property(timestamp())
  createdAt!: Date

  @Property(timestamp())
  expiresAt!: Date

  @Property(timestamp({ nullable: true }))
  usedAt!: Date | null
}

type Binding = Pick<McpConnection, 'organizationId' | 'endUserId' | 'serverId' | 'clientId' | 'id'>

/** Associated data of the sealed verifier: it does not open on another row, nor for another end user or client. */
export const verifierAad = ({ organizationId, endUserId, serverId, clientId, id }: Binding): string[] => [
  'mcp_connection',
  organizationId,
  endUserId,
  serverId,
  clientId,
  id,
]

/** Associated data of the sealed consent: it does not open as a verifier. */
export const consentAad = (connection: Binding): string[] => ['mcp_connection_consent', ...verifierAad(connection).slice(1)]
