/** Metrics of refused authorizations: the code of the page or of the error, for each route, and replayed tokens by themselves. */
import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { GrantWorld, ticketOf } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

/** Value of a series; 0 if there is none. */
async function count(series: string): Promise<number> {
  const text = await world.gateway.app.services.metrics.text()
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1] ?? 0,
  )
}
const requests = (endpoint: string, code: string): Promise<number> =>
  count(`keyhouse_requests_total{route="/o/:organizationId/:environment/oauth/${endpoint}",operation="",code="${code}"}`)

test('an authorization counts by its page or its error, and a denial as the decision that it is', async () => {
  const cookie = await world.signIn('ada')
  await world.authorize(cookie, { client_id: 'unknown' })
  await world.authorize(cookie, { code_challenge_method: 'plain' })
  const page = await world.authorize(cookie)
  await world.answer(cookie, { request: ticketOf(page), decision: 'deny' })
  const counts = await Promise.all([
    requests('authorize', 'CLIENT_UNKNOWN'),
    requests('authorize', 'invalid_request'),
    requests('authorize', 'OK'),
    requests('consent', 'access_denied'),
  ])
  expect(counts).toEqual([1, 1, 1, 1])
})

test('a refresh token that is used twice counts as replayed, unlike one that is unknown', async () => {
  const replayed = 'keyhouse_refusals_total{operation="oauth_grant:replayed",code="invalid_grant"}'
  const { refresh_token: token } = await world.tokens('ada')
  await world.refresh('unknown')
  expect([await count(replayed), await requests('token', 'invalid_grant')]).toEqual([0, 1])
  await world.refresh(token)
  world.gateway.app.clock.advance(30_000)
  await world.refresh(token)
  expect([await count(replayed), await requests('token', 'invalid_grant')]).toEqual([1, 2])
})

test('the alert and the dashboard select the routes by which end users connect clients', async () => {
  const files = ['alerts.yaml', 'grafana-dashboard.json'].map((name) => readFileSync(`examples/operations/${name}`, 'utf8'))
  const [pattern, ...others] = new Set(
    files.flatMap((text) => [...text.matchAll(/route=~\\?"(\S*?sign-in\S*?)\\?"/g)].map(([, route]) => route!)),
  )
  expect(others).toEqual([])
  await fetch(`${world.at}/oauth/sign-in/callback?state=unknown`)
  const text = await world.gateway.app.services.metrics.text()
  const routes = new Set([...text.matchAll(/^keyhouse_requests_total\{route="(.*?)"/gm)].map(([, route]) => route!))
  expect([...routes].filter((route) => new RegExp(`^(?:${pattern})$`).test(route)).toSorted()).toEqual([
    '/o/:organizationId/:environment/oauth/authorize',
    '/o/:organizationId/:environment/oauth/consent',
    '/oauth/sign-in/callback',
  ])
})
