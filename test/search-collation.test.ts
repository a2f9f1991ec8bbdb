/** Search results do not depend on the locale of the database. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { localizedDatabase, type TestDatabase } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let database: TestDatabase
beforeAll(async () => {
  database = await localizedDatabase()
  app = await startApp(database.env)
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  await database.drop()
})

const labelled = async (search: string): Promise<string[]> => {
  const document = `query ($search: String!) {
    apiKeys(filter: { search: $search }, orderBy: { field: LABEL, direction: ASC }) { nodes { label } }
  }`
  const { data, errors } = await app.run(acme.sandboxKey, document, { search })
  expect(errors).toBeUndefined()
  return data.apiKeys.nodes.map(({ label }: { label: string }) => label)
}

test('a search has no regard to the case of ASCII letters, and of those alone', async () => {
  for (const label of ['\u00c4rger', '\u00e4rger', 'ISTANBUL', 'istanbul']) await acme.apiKey({ label })
  expect(await labelled('\u00c4R')).toEqual(['\u00c4rger'])
  expect(await labelled('\u00e4r')).toEqual(['\u00e4rger'])
  expect(await labelled('Istan')).toEqual(['ISTANBUL', 'istanbul'])
})

test('an end user is found by the same rule', async () => {
  await app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: 'https://a.example', externalUserId: 'ISTANBUL-1' }, 'token')
  const { data } = await app.run(acme.sandboxKey, '{ endUsers(filter: { search: "istan" }) { nodes { externalId } } }')
  expect(data.endUsers.nodes).toEqual([{ externalId: 'ISTANBUL-1' }])
})
