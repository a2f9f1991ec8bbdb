// Stops the PostgreSQL that postgres.global.js started.
export default async function stop() {
  await globalThis.stopPostgres()
}
