/** The issuer's URL: what is written is read again, and no other spelling of it is. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

import { newId } from '../../src/lib/id.js'
import { issuerUrl, parseIssuer } from '../../src/lib/issuer.js'

const url = 'https://keys.example.com'
const organizationId = 'org_01a1f7e1a54970008bf67baad64330fc'

test('names the organization and the environment, and is read again', () => {
  expect(issuerUrl(url, organizationId, 'SANDBOX')).toBe(`${url}/o/${organizationId}/sandbox`)
  expect(issuerUrl(url, organizationId, 'PRODUCTION')).toBe(`${url}/o/${organizationId}/production`)
  fc.assert(
    fc.property(fc.nat(2_000_000_000), fc.constantFrom('SANDBOX', 'PRODUCTION'), (seconds, environment) => {
      const issuer = { organizationId: newId('org', new Date(seconds * 1000)), environment }
      expect(parseIssuer(url, issuerUrl(url, issuer.organizationId, environment))).toEqual(issuer)
    }),
  )
})

test.each([
  url,
  `${url}/`,
  `${url}/o/${organizationId}`,
  `${url}/o/${organizationId}/`,
  `${url}/o/${organizationId}/sandbox/`,
  `${url}/o/${organizationId}/sandbox\n`,
  `${url}/o/${organizationId}/sandbox?`,
  `${url}/o/${organizationId}/SANDBOX`,
  `${url}/o/${organizationId}/staging`,
  `${url}/o/${organizationId}/production/sandbox`,
  `${url}//o/${organizationId}/sandbox`,
  `${url}/x/../o/${organizationId}/sandbox`,
  `${url}/O/${organizationId}/sandbox`,
  `${url}/o/${organizationId.toUpperCase()}/sandbox`,
  `${url}/o/${organizationId.slice(0, -1)}/sandbox`,
  `${url}/o/${organizationId}0/sandbox`,
  `${url}/o/${organizationId.replace('org_', 'prj_')}/sandbox`,
  `${url}/o/${organizationId}%00/sandbox`,
  `https://keys.example.com.evil.example/o/${organizationId}/sandbox`,
  `https://keys.example.com:443/o/${organizationId}/sandbox`,
  `HTTPS://keys.example.com/o/${organizationId}/sandbox`,
  ` ${url}/o/${organizationId}/sandbox`,
  '',
])('%j is no issuer', (text) => {
  expect(parseIssuer(url, text)).toBeUndefined()
})
