// Starts one PostgreSQL for the whole run and puts its address into TEST_POSTGRES_URL; one that is named there is used instead.
import { startServer } from './postgres.server.js'

// Nothing here outlives the run, so nothing has to survive a power cut.
const settings = { max_connections: '200', fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

export default async function start() {
  if (process.env.TEST_POSTGRES_URL) return
  const { url, stop } = await startServer(settings)
  process.env.TEST_POSTGRES_URL = url
  globalThis.stopPostgres = stop
}
