/** What is hashed of an event is its canonical JSON (RFC 8785), by whoever writes it. */
import { readFileSync } from 'node:fs'

import { expect, test } from '@jest/globals'
import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { computeHash, type ChainedEvent } from '../../src/journal/chain.js'
import { sha256 } from '../../src/lib/crypto/digest.js'

const text = fc.string({ unit: 'binary' })
const event = fc.record({
  id: text,
  organizationId: text,
  seq: fc.nat(),
  projectId: fc.option(text),
  environment: fc.constantFrom('SANDBOX', 'PRODUCTION', null),
  action: text,
  outcome: fc.constantFrom('ALLOWED', 'DENIED'),
  actorId: fc.option(text),
  endUserId: fc.option(text),
  subjectId: fc.option(text),
  details: fc.dictionary(text, fc.jsonValue()),
  requestId: fc.option(text),
  ipAddress: fc.option(text),
  at: fc.date({ min: new Date(0), max: new Date(253_402_300_799_999), noInvalidDate: true }),
  previousHash: text,
})

test('the hash is of the canonical JSON', () => {
  fc.assert(
    fc.property(event, (one) => {
      expect(computeHash(one as unknown as ChainedEvent)).toBe(sha256(canonicalize({ ...one, at: one.at.toISOString() }) ?? ''))
    }),
  )
})

// One event of each action and of each form of details that the server wrote, and five with text, numbers and times that are hard to serialize.
const recorded = readFileSync(new URL('../fixtures/audit-events.ndjson', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line, (name, value: unknown) => (name === 'at' ? new Date(String(value)) : value)) as ChainedEvent)

test('the hashes of events that are stored already do not change', () => {
  expect(recorded.map((one) => [one.action, computeHash(one)])).toEqual(recorded.map(({ action, hash }) => [action, hash]))
})
