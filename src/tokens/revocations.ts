/** What verifiers must no longer believe although it has not expired: tokens by id, and keys whose tokens died with them. */
import type { Query } from '../access/reads.js'
import type { Services } from '../context.js'
import type { Row } from '../entities/rows.js'
import { addSeconds } from '../lib/clock.js'
import { longestToken } from './exchange-api-key.js'

export interface Revocations {
  readonly revokedTokens: readonly string[]
  readonly revokedClients: readonly string[]
}

/** Seconds by which the clocks of two processes may differ. */
const skew = 86_400

const accessTokens: Query = {
  name: 'revoked_access_tokens',
  sql: 'select id from access_token where revoked_at is not null and expires_at > ? order by id',
}
const personalTokens: Query = {
  name: 'revoked_personal_tokens',
  sql: 'select id from personal_token where revoked_at is not null and expires_at > ? order by id',
}
// A key that was revoked longer ago than the longest token lasts has none left, so what is asked here does not grow for ever.
const clients: Query = {
  name: 'revoked_clients',
  sql: `select id from api_key where revoked_at is not null and revoked_at > ?
    and exists (select 1 from access_token where api_key_id = api_key.id and expires_at > ?) order by id`,
}

/** For whoever wants to know what they cost. */
export const revocationQueries = [accessTokens, personalTokens, clients] as const

const ids = (rows: readonly Row[]): string[] => rows.map((row) => row['id'] as string)

/** Asked of the database each time: a list that lags would let a revoked token through. */
export async function revocations({ journal, clock }: Services): Promise<Revocations> {
  const now = clock()
  const [access, personal, keys] = await Promise.all([
    journal.readAll(accessTokens, [now]),
    journal.readAll(personalTokens, [now]),
    journal.readAll(clients, [addSeconds(now, -longestToken - skew), now]),
  ])
  return { revokedTokens: [...ids(access), ...ids(personal)], revokedClients: ids(keys) }
}
