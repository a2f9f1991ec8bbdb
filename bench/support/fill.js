/**
 * Fills a deployment with working keys and sends back the secrets of some of them, spread over all, and of one key with
 * `*` per organization. It runs in its own process, so that it leaves nothing in the memory of the measured processes.
 */
import Database from 'better-sqlite3'

const { openServices } = await import('../../dist/open-services.js')
const { bootstrapOrganization } = await import('../../dist/commands/organization-create.js')
const { createKey } = await import('../../dist/commands/api-key-create.js')
const { readConfig } = await import('../../dist/config/config.js')
const { generateApiKey, maskApiKey } = await import('../../dist/lib/api-key-format.js')
const { sha256 } = await import('../../dist/lib/crypto/digest.js')
const { newId } = await import('../../dist/lib/id.js')

const organizations = Number(process.env.BENCH_ORGANIZATIONS ?? 1)
const keys = Number(process.env.BENCH_KEYS)
const returnedCount = Math.min(keys, Number(process.env.BENCH_TOLD ?? keys))

const config = readConfig({ ...process.env, LOG_LEVEL: 'silent' })
const { services, close } = await openServices(config)
const created = []
for (let i = 0; i < organizations; i++)
  created.push(await bootstrapOrganization(services, { name: `Bench ${i}`, email: `bench-${i}@example.com` }))
const secrets = config.databaseUrl === undefined ? [] : await createByCommand()
await close()
if (config.databaseUrl === undefined) secrets.push(...insertCopies())
process.send({ callers: created.map(({ sandboxApiKey }) => sandboxApiKey), secrets }, () => process.disconnect())

async function createByCommand() {
  const texts = []
  for (let i = 0; i < keys; i++) {
    const { organizationId } = created[i % organizations]
    const { secret } = await createKey(services, {
      organization: organizationId,
      environment: 'SANDBOX',
      label: `Key ${i}`,
      permissions: ['agent:read'],
    })
    texts.push(secret)
  }
  return texts
}

/** Inserts copies of a created key, each with its own id, secret and digest. No other process reads, so durability is off. */
function insertCopies() {
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
    if (Math.floor((i * returnedCount) / keys) === texts.length) texts.push(text)
  }
  db.exec('commit')
  db.pragma('wal_checkpoint(truncate)')
  db.close()
  return texts
}
