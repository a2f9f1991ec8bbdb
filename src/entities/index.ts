/** Entities of the ORM. */
import { AccessToken } from './access-token.js'
import { ApiKey } from './api-key.js'
import { AuditEvent } from './audit-event.js'
import { AuditHead } from './audit-head.js'
import { BrowserSession } from './browser-session.js'
import { DeletedClient } from './deleted-client.js'
import { DeploymentSecret } from './deployment-secret.js'
import { DeploymentState } from './deployment-state.js'
import { EndUser } from './end-user.js'
import { IdempotencyKey } from './idempotency-key.js'
import { Invitation } from './invitation.js'
import { MasterKeyProof } from './master-key-proof.js'
import { McpConnection } from './mcp-connection.js'
import { McpCredential } from './mcp-credential.js'
import { McpOAuthClient } from './mcp-oauth-client.js'
import { McpServerCaller } from './mcp-server-caller.js'
import { McpServer } from './mcp-server.js'
import { McpToolApproval } from './mcp-tool-approval.js'
import { Member } from './member.js'
import { OAuthCode } from './oauth-code.js'
import { OAuthConfiguration } from './oauth-configuration.js'
import { OAuthGrant } from './oauth-grant.js'
import { OAuthRefreshToken } from './oauth-refresh-token.js'
import { Organization } from './organization.js'
import { PersonalToken } from './personal-token.js'
import { Project } from './project.js'
import { RateCounter } from './rate-counter.js'
import { SignInToken } from './sign-in-token.js'
import { SigningKey } from './signing-key.js'
import { UsageCount } from './usage-count.js'
import { User } from './user.js'

export const entities = [
  AccessToken,
  ApiKey,
  AuditEvent,
  AuditHead,
  BrowserSession,
  DeletedClient,
  DeploymentSecret,
  DeploymentState,
  EndUser,
  Invitation,
  IdempotencyKey,
  MasterKeyProof,
  McpConnection,
  McpCredential,
  McpOAuthClient,
  McpServer,
  McpServerCaller,
  McpToolApproval,
  Member,
  OAuthCode,
  OAuthConfiguration,
  OAuthGrant,
  OAuthRefreshToken,
  Organization,
  PersonalToken,
  Project,
  RateCounter,
  SignInToken,
  SigningKey,
  UsageCount,
  User,
]
