/** Deletes what outlives a deleted organization: entries of revocation lists, and usage that another process wrote late. */
import type { Services } from '../context/services.js'
import { deleteExpiredClients, deleteOrphanedUsage } from '../database/queries/organization-deletion.js'

export const deleteRemnants = ({ journal, clock }: Pick<Services, 'journal' | 'clock'>): Promise<void> =>
  journal.writeBackground({
    statements: [
      { sql: deleteExpiredClients, parameters: [clock()] },
      { sql: deleteOrphanedUsage, parameters: [] },
    ],
  })
