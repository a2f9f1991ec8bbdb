/** Concurrency and approval limits of an organization, a key and an end user, from the `KEYHOUSE_LIMIT_*` variables. */
import type { EnvReader } from './env-reader.js'

export interface TenantLimits {
  /** MCP calls in flight. An end user is counted separately for each key. */
  readonly callsPerEndUser: number
  readonly callsPerKey: number
  readonly callsPerOrganization: number
  /** Open MCP event streams, and calls that wait for an account. */
  readonly streamsPerEndUser: number
  readonly streamsPerKey: number
  readonly streamsPerOrganization: number
  /** Pending tool call approvals of one end user. */
  readonly approvalsPerEndUser: number
  /** Pending tool call approvals of one key's requests that name no end user. */
  readonly approvalsPerKey: number
  /** Pending tool call approvals of one project and environment. */
  readonly approvalsPerProject: number
  /** Requests whose lists, counts and aggregates run concurrently on PostgreSQL; on SQLite the limit is 1. */
  readonly listsPerOrganization: number
  /** Requests whose lists, counts and aggregates are queued. */
  readonly queuedListsPerOrganization: number
  /** Concurrent outbound DNS look-ups. */
  readonly lookupsPerOrganization: number
}

const maxLimit = 1_000_000

export const readLimits = (reader: EnvReader): TenantLimits => ({
  callsPerEndUser: reader.integer('KEYHOUSE_LIMIT_CALLS_PER_END_USER', 16, 1, maxLimit),
  callsPerKey: reader.integer('KEYHOUSE_LIMIT_CALLS_PER_KEY', 512, 1, maxLimit),
  callsPerOrganization: reader.integer('KEYHOUSE_LIMIT_CALLS_PER_ORGANIZATION', 1024, 1, maxLimit),
  streamsPerEndUser: reader.integer('KEYHOUSE_LIMIT_STREAMS_PER_END_USER', 8, 1, maxLimit),
  streamsPerKey: reader.integer('KEYHOUSE_LIMIT_STREAMS_PER_KEY', 2000, 1, maxLimit),
  streamsPerOrganization: reader.integer('KEYHOUSE_LIMIT_STREAMS_PER_ORGANIZATION', 4000, 1, maxLimit),
  approvalsPerEndUser: reader.integer('KEYHOUSE_LIMIT_APPROVALS_PER_END_USER', 20, 1, maxLimit),
  approvalsPerKey: reader.integer('KEYHOUSE_LIMIT_APPROVALS_PER_KEY', 100, 1, maxLimit),
  approvalsPerProject: reader.integer('KEYHOUSE_LIMIT_APPROVALS_PER_PROJECT', 1000, 1, maxLimit),
  listsPerOrganization: reader.integer('KEYHOUSE_LIMIT_LISTS_PER_ORGANIZATION', 4, 1, maxLimit),
  queuedListsPerOrganization: reader.integer('KEYHOUSE_LIMIT_QUEUED_LISTS_PER_ORGANIZATION', 16, 1, maxLimit),
  lookupsPerOrganization: reader.integer('KEYHOUSE_LIMIT_LOOKUPS_PER_ORGANIZATION', 2, 1, maxLimit),
})

/** A call or a stream holds two sockets: the client's and the upstream's. */
const descriptorsPerConnection = 2

/** Lowers the limits on calls and streams, so that one organization takes at most half of the file descriptors. */
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
