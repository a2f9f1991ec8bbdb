/** Verification of exported and stored audit trails: every manipulation is detected and located. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { checkpointType } from '../src/audit/checkpoint.js'
import { parseEvent, serializeEvent } from '../src/audit/export-format.js'
import { exportAuditTrail } from '../src/commands/audit-export.js'
import { verifyAll, verifyFile } from '../src/commands/audit-verify.js'
import { createRetentionJob } from '../src/jobs/jobs.js'
import { genesis, computeHash, type ChainedEvent } from '../src/journal/chain.js'
import { getJwks } from '../src/signing-keys/jwks.js'
import { startApp, type TestApp } from './support/app.js'
import { executeSql } from './support/database-access.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let folder: string
let jwks: string
/** The export as lines; the last is the checkpoint. */
let lines: string[]

async function exported(id: string): Promise<string[]> {
  const chunks: string[] = []
  await exportAuditTrail(app.services, id, new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk.toString()), done()) }))
  return chunks.join('').trimEnd().split('\n')
}

beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-trail-'))
  jwks = join(folder, 'jwks.json')
  writeFileSync(jwks, JSON.stringify({ keys: await getJwks(app.services) }))
  for (let i = 0; i < 4; i++) await acme.apiKey({ label: `key ${i}` })
  await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: 'key_none', reason: 'é " \u2028 1e3' }, 'apiKey { id }')
  await app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: 'https://a.example', externalUserId: 'ada' }, 'accessToken { id }')
  lines = await exported(acme.id)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await app.close()
})

let files = 0
function verify(changed: readonly string[], keys: string | null = jwks): Promise<string> {
  const file = join(folder, `${files++}.ndjson`)
  writeFileSync(file, changed.map((line) => `${line}\n`).join(''))
  return verifyFile(file, keys ?? undefined)
}
const eventAt = (i: number): ChainedEvent => parseEvent(lines[i]!)!
const edited = (i: number): ChainedEvent => ({ ...eventAt(i), action: 'api_key:read' })
const rehashed = (event: ChainedEvent): ChainedEvent => ({ ...event, hash: computeHash(event) })
const withLine = (i: number, line: string): string[] => lines.with(i, line)
const name = (i: number): string => `${eventAt(i).id} (number ${i + 1})`

/** The chain anew from the genesis on. */
function rechained(events: readonly ChainedEvent[]): ChainedEvent[] {
  let previousHash = genesis.hash
  return events.map((event, i) => {
    const link = rehashed({ ...event, seq: i + 1, previousHash })
    previousHash = link.hash
    return link
  })
}

describe('an exported trail', () => {
  test('is verified when unchanged, with the number of verified events', async () => {
    const count = lines.length - 1
    expect(count).toBeGreaterThanOrEqual(9)
    expect(await verify(lines)).toBe(`Proved ${count} events of ${acme.id}, and the checkpoint is signed.`)
    expect(await verify(lines, null)).toContain('was not checked')
    const { checkpoint } = JSON.parse(lines.at(-1)!) as { checkpoint: object }
    expect(checkpoint).toEqual({ organization: acme.id, count, head: eventAt(count - 1).hash, time: app.clock.now().toISOString() })
    expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(
      Array.from({ length: count }, (_, i) => i + 1),
    )
  })

  test('may contain U+2028, U+2029, NEL and carriage returns, which end a line elsewhere', async () => {
    const world = await organization(app)
    const reason = 'a \u2028 b \u2029 c \u0085 d \r e \r\n f \v g'
    const { id } = await world.apiKey()
    await app.mutate(world.sandboxKey, 'revokeApiKey', { id, reason }, 'apiKey { id }')
    const trail = await exported(world.id)
    expect(trail.some((line) => line.includes('\u2028'))).toBe(true)
    expect(await verify(trail)).toContain('the checkpoint is signed')
    // Only a line feed ends a line, so one that came from elsewhere was changed.
    await expect(verify(trail.map((line) => `${line}\r`))).rejects.toThrow('was changed')
  })

  test('takes its keys from a URL too', async () => {
    expect(await verify(lines, `${app.url}/.well-known/jwks.json`)).toContain('the checkpoint is signed')
    await expect(verify(lines, `${app.url}/nothing`)).rejects.toThrow('404')
  })

  test('that was edited names the event', async () => {
    const changed = `Event ${name(3)} was changed.`
    await expect(verify(withLine(3, serializeEvent(edited(3))))).rejects.toThrow(changed)
    // With its own hash made to fit it gives itself away by the event after it.
    await expect(verify(withLine(3, serializeEvent(rehashed(edited(3)))))).rejects.toThrow(changed)
    await expect(verify(withLine(3, lines[3]!.replace('{', '{"note":"x",')))).rejects.toThrow(changed)
    await expect(verify(withLine(3, lines[3]!.replace('"action"', '"action":"x","action"')))).rejects.toThrow(changed)
    await expect(verify(withLine(3, `${lines[3]!} `))).rejects.toThrow(changed)
    await expect(verify(withLine(3, serializeEvent(rehashed({ ...eventAt(3), previousHash: '0'.repeat(64) }))))).rejects.toThrow(changed)
    await expect(verify(withLine(3, 'nonsense'))).rejects.toThrow('Event number 4 was changed.')
    await expect(verify(withLine(0, serializeEvent(edited(0))))).rejects.toThrow(`Event ${name(0)} was changed.`)
    await expect(verify(withLine(0, serializeEvent(rehashed(edited(0)))))).rejects.toThrow(`Event ${name(0)} was changed.`)
    const last = lines.length - 2
    await expect(verify(withLine(last, serializeEvent(rehashed(edited(last)))))).rejects.toThrow('The checkpoint is broken')
  })

  test('with an event dropped names its number', async () => {
    for (const i of [0, 3, 5]) await expect(verify(lines.toSpliced(i, 1))).rejects.toThrow(`Event number ${i + 1} was removed.`)
    await expect(verify(lines.toSpliced(2, 3))).rejects.toThrow('Event number 3 was removed.')
  })

  test('with an event inserted names it', async () => {
    const forged = { ...edited(3), id: 'evt_forged' }
    const inserted = (line: string): string[] => lines.toSpliced(3, 0, line)
    await expect(verify(inserted(serializeEvent(rehashed(forged))))).rejects.toThrow('Event evt_forged (number 4) was inserted.')
    await expect(verify(inserted(serializeEvent(forged)))).rejects.toThrow('Event evt_forged (number 4) was inserted.')
    await expect(verify(inserted(lines[1]!))).rejects.toThrow(`Event ${name(1)} was inserted.`)
    await expect(verify(inserted(lines[2]!))).rejects.toThrow(`Event ${name(2)} was inserted.`)
    await expect(verify(inserted('nonsense'))).rejects.toThrow('Event number 4 was inserted.')
  })

  test('with two events swapped, or one moved, names the first out of place', async () => {
    const swapped = lines.with(3, lines[4]!).with(4, lines[3]!)
    await expect(verify(swapped)).rejects.toThrow(`Event ${name(4)} was moved`)
    await expect(verify(lines.with(2, lines[6]!).with(6, lines[2]!))).rejects.toThrow(`Event ${name(6)} was moved`)
    await expect(verify(lines.toSpliced(1, 1).toSpliced(6, 0, lines[1]!))).rejects.toThrow(`Event ${name(2)} was moved`)
  })

  test('with its tail cut off does not pass: neither without the checkpoint nor with it', async () => {
    await expect(verify(lines.slice(0, 5))).rejects.toThrow('There is no checkpoint after event number 5: the end was cut off.')
    await expect(verify(lines.toSpliced(5, lines.length - 6))).rejects.toThrow('The checkpoint is broken: it counts')
    await expect(verify([...lines, lines[0]!])).rejects.toThrow('There are lines after the checkpoint.')
    await expect(verify([])).rejects.toThrow('There is no checkpoint')
  })

  test('that was computed anew from an edit on is given away by the checkpoint', async () => {
    const events = rechained(lines.slice(0, -1).map((_, i) => (i === 3 ? edited(3) : eventAt(i))))
    const { checkpoint, jws } = JSON.parse(lines.at(-1)!) as { checkpoint: object; jws: string }
    const anew = (checked: object, signature = jws): string[] => [
      ...events.map(serializeEvent),
      JSON.stringify({ checkpoint: checked, jws: signature }),
    ]
    const fitting = { ...checkpoint, head: events.at(-1)!.hash }
    await expect(verify(anew(checkpoint))).rejects.toThrow('The checkpoint is broken: its hash is not that of the last event.')
    await expect(verify(anew(fitting))).rejects.toThrow('The checkpoint is broken: its values differ from the signed ones.')
    const [header, , signature] = jws.split('.') as [string, string, string]
    const payload = Buffer.from(JSON.stringify(fitting)).toString('base64url')
    await expect(verify(anew(fitting, `${header}.${payload}.${signature}`))).rejects.toThrow('its signature is not valid')
    // An access token's signature is by the same key, and no checkpoint.
    const { text } = await app.services.keyring.sign('at+jwt', fitting)
    await expect(verify(anew(fitting, text))).rejects.toThrow('its "typ" is not that of a checkpoint')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: checkpointType, kid: 'x' })).toString('base64url')
    await expect(verify(anew(fitting, `${none}.${payload}.`))).rejects.toThrow('The checkpoint is broken')
    // Without keys nothing can tell: that is what --jwks is for.
    expect(await verify(anew(fitting), null)).toContain('was not checked')
  })

  test('whose checkpoint was signed by a key outside its validity does not pass', async () => {
    const { keys } = (await (await fetch(`${app.url}/.well-known/audit-jwks.json`)).json()) as { keys: Record<string, unknown>[] }
    const { jws } = JSON.parse(lines.at(-1)!) as { jws: string }
    const { kid } = JSON.parse(Buffer.from(jws.split('.')[0]!, 'base64url').toString()) as { kid: string }
    const signedAt = app.clock.now().getTime()
    const at = (offset: number): string => new Date(signedAt + offset).toISOString()
    const by = async (validity: object): Promise<string> => {
      const file = join(folder, `keys-${files++}.json`)
      writeFileSync(file, JSON.stringify({ keys: keys.map((key) => (key['kid'] === kid ? { ...key, ...validity } : key)) }))
      return verify(lines, file).catch((error: Error) => error.message)
    }
    const isSigned = expect.stringContaining('the checkpoint is signed')
    const isRefused = `The checkpoint is broken: the key that signed it (${kid}) was not the current signing key at ${at(0)}.`
    for (const [validity, answer] of [
      [{}, isSigned],
      [{ activatedAt: at(-1) }, isSigned],
      [{ activatedAt: at(0) }, isSigned],
      [{ activatedAt: at(1) }, isRefused],
      [{ activatedAt: null }, isRefused],
      [{ activatedAt: 'nonsense' }, isRefused],
      [{ supersededAt: at(1) }, isSigned],
      [{ supersededAt: at(0) }, isSigned],
      [{ supersededAt: at(-1) }, isRefused],
      [{ supersededAt: 'nonsense' }, isRefused],
      // One that left the key set long after it was superseded has signed what it signed.
      [{ supersededAt: at(0), retiredAt: at(1) }, isSigned],
      [{ retiredAt: at(-1) }, isRefused],
    ] as const) {
      expect([validity, await by(validity)]).toEqual([validity, answer])
    }
  })

  test('with the checkpoint of another organization does not pass', async () => {
    const globex = await organization(app)
    const others = await exported(globex.id)
    await expect(verify([...lines.slice(0, -1), others.at(-1)!])).rejects.toThrow('The checkpoint is broken')
  })
})

const run = promisify(execFile)
const bin = fileURLToPath(new URL('../bin/keyhouse.js', import.meta.url))
const keyhouse = async (args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> => {
  const options = { cwd: folder, env: { PATH: process.env['PATH'], ...env }, maxBuffer: 10_000_000 }
  const ended = await run(process.execPath, [bin, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  )
  return { code: ended.code, out: ended.stdout, err: ended.stderr }
}

describe('the command', () => {
  test('exports, and proves a file without server or database', async () => {
    const { code, out } = await keyhouse(['audit', 'export', '--organization', acme.id], { ...app.env })
    expect([code, out.split('\n').length]).toEqual([0, lines.length + 1])
    const [good, bad] = [join(folder, 'good.ndjson'), join(folder, 'bad.ndjson')]
    writeFileSync(good, out)
    writeFileSync(bad, out.split('\n').toSpliced(3, 1).join('\n'))
    const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:1/none' }
    expect(await keyhouse(['audit', 'verify', good, '--jwks', jwks], nowhere)).toMatchObject({
      code: 0,
      out: expect.stringContaining('Proved'),
    })
    expect(await keyhouse(['audit', 'verify', bad, '--jwks', jwks], nowhere)).toEqual({
      code: 1,
      out: '',
      err: 'Event number 4 was removed.\n',
    })
    expect((await keyhouse(['audit', 'verify', join(folder, 'none')])).code).toBe(1)
    expect(await keyhouse(['audit', 'verify'])).toMatchObject({ code: 1, err: 'Name a file, or use --database.\n' })
    expect(await keyhouse(['audit', 'verify', '--database'], { ...app.env })).toMatchObject({
      code: 0,
      out: expect.stringContaining(acme.id),
    })
    expect((await keyhouse(['audit', 'export', '--organization', 'org_none'], { ...app.env })).code).toBe(1)
  })

  test('tells by its exit code a proven trail from a broken one, and from one whose signature was not checked', async () => {
    const [good, bad] = [join(folder, 'whole.ndjson'), join(folder, 'cut.ndjson')]
    writeFileSync(good, `${lines.join('\n')}\n`)
    writeFileSync(bad, lines.toSpliced(3, 1).join('\n'))
    const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:1/none' }
    const unchecked = expect.stringContaining('the signature of the checkpoint was not checked')
    const usage = expect.stringContaining('--hashes-only')
    const cases = [
      [[good, '--jwks', jwks], 0, expect.stringContaining('the checkpoint is signed'), ''],
      [[good], 3, unchecked, ''],
      [[good, '--hashes-only'], 0, unchecked, ''],
      [[bad], 1, '', 'Event number 4 was removed.\n'],
      [[bad, '--hashes-only'], 1, '', 'Event number 4 was removed.\n'],
      [[good, '--hashes-only', '--jwks', jwks], 1, '', usage],
      [['--database', '--hashes-only'], 1, '', usage],
      [['--database', '--jwks', jwks], 1, '', usage],
      [['--help'], 0, expect.stringContaining('Exit codes:'), ''],
    ] as const
    const ended = await Promise.all(cases.map(([args]) => keyhouse(['audit', 'verify', ...args], nowhere)))
    expect(ended).toEqual(cases.map(([, code, out, err]) => ({ code, out, err })))
  }, 90_000)
})

describe('a day', () => {
  test('does not end without a logged checkpoint of every chain', async () => {
    const logged = (): number => app.log.split('\n').filter((line) => line.includes('audit checkpoint') && line.includes(acme.id)).length
    const round = createRetentionJob(app.services)
    await round()
    expect(logged()).toBe(1)
    app.clock.advance(3_600_000)
    await round()
    expect(logged()).toBe(1)
    app.clock.advance(86_400_000)
    await round()
    expect(logged()).toBe(2)
    const line = app.log.split('\n').find((one) => one.includes('audit checkpoint') && one.includes(acme.id))!
    const { checkpoint, jws } = JSON.parse(line) as { checkpoint: object; jws: string }
    // It is the checkpoint of the export, as long as nothing was appended.
    expect(await verify([...lines.slice(0, -1), JSON.stringify({ checkpoint, jws })])).toContain('is signed')
  })
})

describe('the trail in the database', () => {
  const sql = (text: string): Promise<unknown> => executeSql(app, text)
  const forced = async (text: string): Promise<void> => {
    const triggers = ['audit_event_not_changed', 'audit_event_not_deleted']
    if (isPostgres) await sql('alter table audit_event disable trigger user')
    else for (const trigger of triggers) await sql(`drop trigger if exists ${trigger}`)
    await sql(text)
    if (isPostgres) await sql('alter table audit_event enable trigger user')
  }

  test('is verified, and each change by the owner of the database is detected', async () => {
    const globex = await organization(app)
    const initech = await organization(app)
    expect(await verifyAll(app.services)).toHaveLength(5)
    await forced(`update audit_event set outcome = 'DENIED' where organization_id = '${globex.id}' and seq = 2`)
    await expect(verifyAll(app.services)).rejects.toThrow(new RegExp(`${globex.id}: Event evt_\\w+ \\(number 2\\) was changed\\.`))
    await expect(exported(globex.id)).rejects.toThrow('The audit chain is broken at evt_')
    await forced(`delete from audit_event where organization_id = '${initech.id}' and seq >= 3`)
    await expect(verifyAll(app.services)).rejects.toThrow(`${initech.id}: Event number 3 was removed`)
    await expect(exported(initech.id)).rejects.toThrow('No checkpoint was signed')
    expect(await verify(await exported(acme.id))).toContain('Proved')
  })
})
