/** Prepared queries of signing keys. */
import type { PreparedQuery } from '../query-runner.js'

export const currentKey: PreparedQuery = { name: 'current_signing_key', sql: `select id from signing_key where state = 'CURRENT'` }

/** For readiness: exactly one key is current. */
export const countCurrentKeys: PreparedQuery = {
  name: 'readiness',
  sql: `select count(*) as count from signing_key where state = 'CURRENT'`,
}

export const activeSigningKeys: PreparedQuery = {
  name: 'keys_in_office',
  sql: `select id from signing_key where state in ('CURRENT', 'NEXT')`,
}

export const signingKey: PreparedQuery = { name: 'signing_key', sql: `select algorithm, sealed_private_key from signing_key where id = ?` }

export const publishedKey: PreparedQuery = {
  name: 'published_signing_key',
  sql: `select algorithm, public_jwk from signing_key where id = ? and state <> 'RETIRED'`,
}
