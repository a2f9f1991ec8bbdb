/** Statements that lock and advance the heads of the audit chains on PostgreSQL. */
import type { AuditHead } from '../../entities/audit-head.js'
import type { Statement } from '../pipeline.js'

/** Locks the heads, always in the same order, so that two group commits cannot deadlock. */
export const lockHeads = (organizationIds: readonly string[], wait: string): Statement => ({
  name: `heads ${wait}`,
  text: `select organization_id, seq, hash from audit_head where organization_id = any($1) order by organization_id for update ${wait}`,
  values: [organizationIds],
})

/** Sets `seq` and `hash` of each head. */
export const advanceHeads = (
  heads: readonly (readonly [organizationId: string, head: Readonly<Pick<AuditHead, 'seq' | 'hash'>>])[],
): Statement => ({
  name: 'advance heads',
  text: `update audit_head h set seq = n.seq, hash = n.hash
    from json_to_recordset($1) as n(organization_id text, seq int, hash text) where h.organization_id = n.organization_id`,
  values: [JSON.stringify(heads.map(([organization_id, { seq, hash }]) => ({ organization_id, seq, hash })))],
})
