/** Links of a message to an MCP server: the checks of the gateway, in its order. */
import type { Context } from '../context/context.js'
import type { McpServer } from '../entities/mcp-server.js'
import { findServerWithCredential, type ServerWithCredential } from '../mcp/servers/find-server-with-credential.js'
import { createAllowList, requiresApproval, toolPermission } from '../mcp/tool-access.js'
import { passed, refused, type AccessLink } from './access-links.js'
import type { ExplainedCaller } from './explained-caller.js'
import { permissionLink } from './permission-link.js'

function allowedToolLink(server: McpServer, tool: string): AccessLink {
  const list = `allowedTools of MCP server "${server.serverLabel}"`
  if (!createAllowList(server)(tool)) return refused('TOOL', `${list} lacks "${tool}".`)
  return passed('TOOL', server.allowedTools ? `${list} has "${tool}".` : `${list} is null, which allows every tool.`)
}

function credentialLink({ credential, isShared }: ServerWithCredential, { actor }: ExplainedCaller): AccessLink {
  const owner = actor.endUser ? 'The end user' : 'The backend'
  if (isShared) return passed('MCP_CREDENTIAL', 'The server shares its credential with end users.')
  if (credential?.healthStatus === 'RECONNECT_REQUIRED')
    return refused('MCP_CREDENTIAL', `${owner} must connect its account again: the authorization server no longer renews the access.`)
  return credential
    ? passed('MCP_CREDENTIAL', `${owner} has a usable credential for the server.`)
    : refused('MCP_CREDENTIAL', `${owner} has no usable credential for the server: none is active and was stored for its current origin.`)
}

const approvalLink = (server: McpServer): AccessLink =>
  requiresApproval(server)
    ? refused('APPROVAL', `Approval needed: requireApproval of MCP server "${server.serverLabel}" is ALWAYS.`)
    : passed('APPROVAL', `requireApproval of MCP server "${server.serverLabel}" is NEVER.`)

/** @param tool called tool; null: a message that calls none */
export async function explainServer(ctx: Context, caller: ExplainedCaller, serverId: string, tool: string | null): Promise<AccessLink[]> {
  const { actor, holders } = caller
  if (!actor.apiKey) return [refused('GATEWAY', 'The gateway accepts API keys and access tokens, not personal tokens.')]
  const links = [passed('GATEWAY', 'The gateway accepts API keys and access tokens.'), permissionLink(actor, holders, 'mcp_server:use')]
  const found = await findServerWithCredential(ctx.withActor(actor), serverId)
  if (!found) {
    const rule =
      'The MCP server is outside the project and environment of the credential, or belongs to an end user that it does not act for.'
    return [...links, refused('MCP_SERVER', rule)]
  }
  const { server } = found
  links.push(passed('MCP_SERVER', `MCP server "${server.serverLabel}" is within reach of the credential.`))
  if (tool !== null) links.push(allowedToolLink(server, tool), permissionLink(actor, holders, toolPermission(tool)))
  links.push(credentialLink(found, caller))
  if (tool !== null) links.push(approvalLink(server))
  return links
}
