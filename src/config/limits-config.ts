/** Limits on what one key, end user or organization may hold at once, from the `KEYHOUSE_LIMIT_*` variables. */
import type { EnvReader } from './env-reader.js'

export interface TenantLimits {
  /** MCP calls in flight. End user: one end user of one key. */
  readonly callsPerEndUser: number
  readonly callsPerKey: number
  readonly callsPerOrganization: number
  /** Open MCP event streams. */
  readonly streamsPerEndUser: number
  readonly streamsPerKey: number
  readonly streamsPerOrganization: number
  /** Pending tool call approvals. Key: those of a key that names no end user. */
  readonly approvalsPerEndUser: number
  readonly approvalsPerKey: number
  /** Of one project and environment. */
  readonly approvalsPerProject: number
  /** Requests whose lists, counts and aggregates run at once on PostgreSQL. On SQLite it is one. */
  readonly listsPerOrganization: number
  /** Requests whose lists, counts and aggregates wait for their turn. */
  readonly queuedListsPerOrganization: number
  /** Outbound DNS look-ups at once. */
  readonly lookupsPerOrganization: number
}

const maxLimit = 1_000_000

export const readLimits = (v: EnvReader): TenantLimits => ({
  callsPerEndUser: v.integer('KEYHOUSE_LIMIT_CALLS_PER_END_USER', 16, 1, maxLimit),
  callsPerKey: v.integer('KEYHOUSE_LIMIT_CALLS_PER_KEY', 512, 1, maxLimit),
  callsPerOrganization: v.integer('KEYHOUSE_LIMIT_CALLS_PER_ORGANIZATION', 1024, 1, maxLimit),
  streamsPerEndUser: v.integer('KEYHOUSE_LIMIT_STREAMS_PER_END_USER', 8, 1, maxLimit),
  streamsPerKey: v.integer('KEYHOUSE_LIMIT_STREAMS_PER_KEY', 2000, 1, maxLimit),
  streamsPerOrganization: v.integer('KEYHOUSE_LIMIT_STREAMS_PER_ORGANIZATION', 4000, 1, maxLimit),
  approvalsPerEndUser: v.integer('KEYHOUSE_LIMIT_APPROVALS_PER_END_USER', 20, 1, maxLimit),
  approvalsPerKey: v.integer('KEYHOUSE_LIMIT_APPROVALS_PER_KEY', 100, 1, maxLimit),
  approvalsPerProject: v.integer('KEYHOUSE_LIMIT_APPROVALS_PER_PROJECT', 1000, 1, maxLimit),
  listsPerOrganization: v.integer('KEYHOUSE_LIMIT_LISTS_PER_ORGANIZATION', 4, 1, maxLimit),
  queuedListsPerOrganization: v.integer('KEYHOUSE_LIMIT_QUEUED_LISTS_PER_ORGANIZATION', 16, 1, maxLimit),
  lookupsPerOrganization: v.integer('KEYHOUSE_LIMIT_LOOKUPS_PER_ORGANIZATION', 2, 1, maxLimit),
})

/** A call and a stream each hold the client's socket and the one upstream. */
const descriptorsPerConnection = 2

/** Lowers calls and streams so that one organization's fit half of the descriptor limit. */
export function fitDescriptors(limits: TenantLimits, descriptorLimit: number): TenantLimits {
  const needed = descriptorsPerConnection * (limits.callsPerOrganization + limits.streamsPerOrganization)
  const factor = Math.min(1, descriptorLimit / 2 / needed)
  const callsPerOrganization = Math.max(1, Math.floor(limits.callsPerOrganization * factor))
  const streamsPerOrganization = Math.max(1, Math.floor(limits.streamsPerOrganization * factor))
  return Object.freeze({
    ...limits,
    callsPerOrganization,
    callsPerKey: Math.min(limits.callsPerKey, callsPerOrganization),
    callsPerEndUser: Math.min(limits.callsPerEndUser, callsPerOrganization),
    streamsPerOrganization,
    streamsPerKey: Math.min(limits.streamsPerKey, streamsPerOrganization),
    streamsPerEndUser: Math.min(limits.streamsPerEndUser, streamsPerOrganization),
  })
}
