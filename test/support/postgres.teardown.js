// Jest global teardown: stops the PostgreSQL server that postgres.global.js started, if any.
export default async function stop() {
  await globalThis.stopPostgres?.()
}
