/** Statements that read, lock and advance the heads of the audit chains. */
import type { AuditHead } from '../../entities/audit-head.js'
import type { Statement } from '../pipeline.js'

type Head = Readonly<Pick<AuditHead, 'seq' | 'hash'>>

export const selectHead = 'select seq, hash from audit_head where organization_id = ?'
/** PostgreSQL. */
export const lockHead = `${selectHead} for update`
export const updateHead = 'update audit_head set seq = ?, hash = ? where organization_id = ?'

/** SQLite. Changes no row, but takes the write lock, since MikroORM begins deferred transactions. */
export const takeWriteLock = 'update audit_head set seq = seq where 0'

/** PostgreSQL. Locks the heads, always in the same order, so that two group commits cannot deadlock. */
export const lockHeads = (organizationIds: readonly string[], wait: string): Statement => ({
  name: `heads ${wait}`,
  text: `select organization_id, seq, hash from audit_head where organization_id = any($1) order by organization_id for update ${wait}`,
  values: [organizationIds],
})

/** PostgreSQL. Sets `seq` and `hash` of each head. */
export const advanceHeads = (heads: readonly (readonly [organizationId: string, head: Head])[]): Statement => ({
  name: 'advance heads',
  text: `update audit_head h set seq = n.seq, hash = n.hash
    from json_to_recordset($1) as n(organization_id text, seq int, hash text) where h.organization_id = n.organization_id`,
  values: [JSON.stringify(heads.map(([organization_id, { seq, hash }]) => ({ organization_id, seq, hash })))],
})
