/**
 * Fills a deployment with so many working keys, quickly, and answers with the texts of some of them, spread over all,
 * and of a key of each organization that may do anything. A program of its own, so that nothing of it stays in the memory of those that measure or are measured.
 */
import Database from 'better-sqlite3'

const { openServices } = await import('../../dist/open-services.js')
const { bootstrapOrganization } = await import('../../dist/commands/organization-create.js')
const { createKeyByCommand } = await import('../../dist/commands/api-key-create.js')
const { readConfig } = await import('../../dist/config/config.js')
const { generateApiKey, maskApiKey } = await import('../../dist/lib/api-key-format.js')
const { sha256 } = await import('../../dist/lib/digest.js')
const { newId } = await import('../../dist/lib/id.js')

const organizations = Number(process.env.BENCH_ORGANIZATIONS ?? 1)
const keys = Number(process.env.BENCH_KEYS)
const told = Math.min(keys, Number(process.env.BENCH_TOLD ?? keys))

const config = readConfig({ ...process.env, LOG_LEVEL: 'silent' })
const { services, close } = await openServices(config)
const made = []
for (let i = 0; i < organizations; i++)
  made.push(await bootstrapOrganization(services, { name: `Bench ${i}`, email: `bench-${i}@example.com` }))
const secrets = config.databaseUrl === undefined ? [] : await throughTheDoor()
await close()
if (config.databaseUrl === undefined) secrets.push(...inBulk())
process.send({ callers: made.map(({ sandboxApiKey }) => sandboxApiKey), secrets }, () => process.disconnect())

async function throughTheDoor() {
  const texts = []
  for (let i = 0; i < keys; i++) {
    const { organizationId } = made[i % organizations]
    const { secret } = await createKeyByCommand(services, {
      organization: organizationId,
      environment: 'SANDBOX',
      label: `Key ${i}`,
      permissions: ['agent:read'],
    })
    texts.push(secret)
  }
  return texts
}

/** Copies of a key that went through the door, each with an id, a text and a digest of its own. Nobody reads along, and a crash would only end the run. */
function inBulk() {
  const db = new Database(`${config.dataDir}/keyhouse.db`)
  for (const pragma of ['synchronous = off', 'cache_size = -1000000']) db.pragma(pragma)
  const { ...pattern } = db.prepare('select * from api_key').get()
  const columns = Object.keys(pattern)
  const insert = db.prepare(`insert into api_key (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`)
  const texts = []
  db.exec('begin')
  for (let i = 0; i < keys; i++) {
    const text = generateApiKey('kh', 'SANDBOX')
    const own = {
      id: newId('key', new Date()),
      digest: sha256(text),
      preview: maskApiKey(text),
      label: `Key ${i}`,
      permissions: '["agent:read"]',
    }
    insert.run(columns.map((column) => own[column] ?? pattern[column]))
    if (Math.floor((i * told) / keys) === texts.length) texts.push(text)
  }
  db.exec('commit')
  db.pragma('wal_checkpoint(truncate)')
  db.close()
  return texts
}
