/** Deletes links to connect accounts a day after they expired. Until then their page says that they were used or have expired. */
import { McpConnection } from '../../entities/mcp-connection.js'
import { deleteRows, type MaintenanceDeps } from '../../journal/maintain-rows.js'
import { addSeconds, type Clock } from '../../lib/clock.js'

const retentionSeconds = 86_400

export const deleteExpiredConnections = (deps: MaintenanceDeps & { readonly clock: Clock }): Promise<number> =>
  deleteRows(deps, McpConnection, { expiresAt: { $lte: addSeconds(deps.clock(), -retentionSeconds) } })
