// Stops the PostgreSQL that postgres.global.js started, if it did.
export default async function stop() {
  await globalThis.stopPostgres?.()
}
