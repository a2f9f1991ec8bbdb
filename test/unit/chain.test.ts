/** What is hashed of an event is its canonical JSON (RFC 8785), by whoever writes it. */
import { expect, test } from '@jest/globals'
import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { computeHash, type ChainedEvent } from '../../src/journal/chain.js'
import { sha256 } from '../../src/lib/digest.js'

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
