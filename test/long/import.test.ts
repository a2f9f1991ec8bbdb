/** An import of 100,000 keys takes less than a minute on two cores, and so does a second one, which changes nothing. */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { importFile } from '../../src/commands/import/api-key-import.js'
import { startApp, type TestApp } from '../support/app.js'
import { organization } from '../support/seed.js'

const count = 100_000
const maxSeconds = 60

let app: TestApp
const folder = mkdtempSync(join(tmpdir(), 'keyhouse-import-'))
beforeAll(async () => {
  app = await startApp({ LOG_LEVEL: 'silent' })
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

function* records(): Generator<string> {
  for (let i = 0; i < count; i++) {
    const hash = createHash('sha256').update(randomUUID()).digest('base64')
    yield `${JSON.stringify({ hash, start: 'unkey_ab', name: `key ${i}`, meta: '{"plan":"pro"}', permissions: ['documents.read'], enabled: true })}\n`
  }
}

test('imports 100,000 keys in less than a minute', async () => {
  const file = join(folder, 'keys.ndjson')
  await pipeline(Readable.from(records()), createWriteStream(file))
  const acme = await organization(app)
  for (const [imported, unchanged] of [
    [count, 0],
    [0, count],
  ]) {
    const from = performance.now()
    const report = await importFile(app.services, file, { organization: acme.id, environment: 'SANDBOX', rateLimits: true })
    const seconds = (performance.now() - from) / 1000
    process.stdout.write(`import: ${imported} imported, ${unchanged} unchanged in ${seconds.toFixed(1)} s\n`)
    expect(report).toEqual({ imported, unchanged, refused: [] })
    expect(seconds).toBeLessThan(maxSeconds)
  }
}, 300_000)
