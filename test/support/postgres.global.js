// Jest global setup: starts one PostgreSQL server and sets TEST_POSTGRES_URL, unless that names a server already.
import { startServer } from './postgres.server.js'

// The data is temporary, so durability is switched off.
const settings = { max_connections: '200', fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

export default async function start() {
  if (process.env.TEST_POSTGRES_URL) return
  const { url, stop } = await startServer(settings)
  process.env.TEST_POSTGRES_URL = url
  globalThis.stopPostgres = stop
}
