/**
 * Checks the migrations of both databases against the entities: a freshly migrated database must need no schema change.
 * With `--write NAME` it writes the missing changes as a new migration instead.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import startPostgres from '../test/support/postgres.global.js'
import stopPostgres from '../test/support/postgres.teardown.js'

const { readConfig } = await import('../dist/config/config.js')
const { createDatabase, migrate } = await import('../dist/database/database.js')

const writes = process.argv[2] === '--write' ? process.argv[3] : undefined

async function difference(env) {
  const config = readConfig(env)
  const orm = await createDatabase(config)
  await migrate(orm, config)
  const sql = await orm.schema.getUpdateSchemaSQL({ wrap: false })
  await orm.close(true)
  return sql.split('\n').filter((line) => line.trim() !== '')
}

function write(kind, name, lines) {
  const folder = `src/database/migrations/${kind}`
  const number = String(readdirSync(folder).filter((file) => file !== 'index.ts').length + 1).padStart(4, '0')
  const className = `Migration${number}`
  const statements = lines.map((line) => `    this.addSql(${JSON.stringify(line)})`).join('\n')
  writeFileSync(
    `${folder}/${number}-${name}.ts`,
    `import { Migration } from '@mikro-orm/migrations'\n\nexport class ${className} extends Migration {\n  override up(): void {\n${statements}\n  }\n}\n`,
  )
  const index = readFileSync(`${folder}/index.ts`, 'utf8')
  const imported = `import { ${className} } from './${number}-${name}.js'\n`
  const entry = `  { name: '${number}-${name}', class: ${className} },\n]`
  const withImport = index.includes('import ')
    ? index.replace(/(\nexport )/, `${imported}$1`)
    : index.replace(/(export )/, `${imported}\n$1`)
  writeFileSync(
    `${folder}/index.ts`,
    withImport
      .replace(/\[\]\s*$/, '[\n]\n')
      .replace(/\]\s*$/, `${entry}\n`)
      .replace(': { name: string; class: never }[]', ''),
  )
}

const data = mkdtempSync(join(tmpdir(), 'keyhouse-migrations-'))
await startPostgres()
try {
  const databases = {
    sqlite: { KEYHOUSE_DATA_DIR: data },
    postgres: { DATABASE_URL: process.env.TEST_POSTGRES_URL, KEYHOUSE_MASTER_KEYS: `check:${Buffer.alloc(32).toString('base64')}` },
  }
  for (const [kind, env] of Object.entries(databases)) {
    const lines = await difference(env)
    if (lines.length === 0) continue
    if (writes) {
      write(kind, writes, lines)
      continue
    }
    console.error(`The ${kind} migrations do not make what the entities say. Missing:\n${lines.join('\n')}`)
    process.exitCode = 1
  }
} finally {
  await stopPostgres()
  rmSync(data, { recursive: true, force: true })
}
