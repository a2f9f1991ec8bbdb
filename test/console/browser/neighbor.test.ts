/** Attacks on the session in a real browser by a neighbor: a server on another port of the same host, and its page. */
import type { IncomingHttpHeaders } from 'node:http'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { startApp, type TestApp } from '../../support/app.js'
import { launchBrowser } from '../../support/browser.js'
import { consoleEnv, postSession, runInConsole } from '../../support/console.js'
import { listen, type Listening } from '../../support/local-server.js'
import { organization, type SeededOrganization } from '../../support/seed.js'
import { consoleSignInToken, openConsole } from '../../support/signed-in-page.js'

let app: TestApp
let acme: SeededOrganization
let neighbor: Listening
let browser: Browser
/** Headers of the requests that reached the neighbor. */
const received: IncomingHttpHeaders[] = []
beforeAll(async () => {
  app = await startApp(consoleEnv, { clock: () => new Date() })
  acme = await organization(app)
  neighbor = await listen(({ headers }, response) => {
    received.push(headers)
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Neighbor</title><body>')
  })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await neighbor.close()
  await app.close()
})

const whoAmI = '{ viewer { kind } }'

/** A console in one tab, and the neighbor's page in another of the same browser. */
async function openBoth(): Promise<{ console: Page; attacker: Page; cookie: string }> {
  const { page } = await openConsole(browser, { app, acme }, '/', [neighbor.origin])
  const attacker = await page.context().newPage()
  await attacker.goto(neighbor.origin)
  return { console: page, attacker, cookie: received.at(-1)?.cookie ?? '' }
}

/** Status of the console's own request, or of one that the page sends with some headers. */
const statusOf = (page: Page, headers: Record<string, string> = {}): Promise<number> =>
  page.evaluate(
    async ([body, more]) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json', ...more }, body }
      return (await fetch('/console/graphql', init)).status
    },
    [JSON.stringify({ query: whoAmI }), headers] as const,
  )

const sessionKeyOf = (page: Page): Promise<string> => page.evaluate<string>(`localStorage.getItem('keyhouse-session-key')`)

describe('one half of the session', () => {
  test('the cookie, which the neighbor receives, opens nothing when replayed', async () => {
    const { cookie, console } = await openBoth()
    expect(cookie).toMatch(/^keyhouse-4000=eyJ/)
    const token = cookie.slice(cookie.indexOf('=') + 1)
    expect((await runInConsole(app, { cookie }, whoAmI)).status).toBe(401)
    expect((await runInConsole(app, {}, whoAmI, { authorization: `Bearer ${token}` })).status).toBe(401)
    expect((await app.run(token, whoAmI)).status).toBe(401)
    // With the other half it is the session: the neighbor lacks nothing else.
    expect((await runInConsole(app, { cookie, sessionKey: await sessionKeyOf(console) }, whoAmI)).status).toBe(200)
  })

  test('the session key, which a script could read, opens nothing without the cookie', async () => {
    const { console } = await openBoth()
    const key = { 'x-keyhouse-session-key': await sessionKeyOf(console) }
    expect(await statusOf(console, key)).toBe(200)
    await console.context().clearCookies()
    expect(await statusOf(console, key)).toBe(401)
  })

  test('the storage of the console is not that of the neighbor', async () => {
    const { attacker } = await openBoth()
    expect(await attacker.evaluate<string>('JSON.stringify([{ ...localStorage }, document.cookie])')).toBe('[{},""]')
  })
})

describe('the page of the neighbor, with which the browser sends the cookie', () => {
  test('reads and changes nothing: neither by a form-like request nor past the preflight', async () => {
    const { attacker, console } = await openBoth()
    const outcomes = await attacker.evaluate(async (url) => {
      const body = JSON.stringify({ query: 'mutation { revokeAllPersonalTokens { revokedCount } }' })
      const send = (path: string, init: RequestInit): Promise<string> =>
        fetch(`${url}${path}`, { credentials: 'include', ...init }).then(
          ({ type, status }) => `${type} ${status}`,
          () => 'blocked',
        )
      return [
        await send('/console/graphql', { method: 'POST', mode: 'no-cors', body }),
        await send('/console/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
        await send('/console/session', {}),
        await send('/console/session', { method: 'DELETE' }),
      ]
    }, app.url)
    expect(outcomes).toEqual(['opaque 0', 'blocked', 'blocked', 'blocked'])
    expect(await statusOf(console, { 'x-keyhouse-session-key': await sessionKeyOf(console) })).toBe(200)
  })

  test('signs its victim in as nobody: a form spends no link', async () => {
    const { attacker, console } = await openBoth()
    const before = await sessionKeyOf(console)
    const signInToken = await consoleSignInToken({ app, acme })
    // Name and value of its one field make up the JSON.
    const name = JSON.stringify({ signInToken }).slice(0, -1).replaceAll('"', '&quot;')
    await attacker.setContent(
      `<form action="${app.url}/console/session" method="post" enctype="text/plain"><input name="${name}" value="}"><button>Win</button></form>`,
    )
    await attacker.getByRole('button').click()
    await attacker.waitForURL(`${app.url}/console/session`)
    expect(await attacker.content()).toContain('FORBIDDEN')
    expect(await sessionKeyOf(console)).toBe(before)
    expect((await postSession(app, { signInToken })).status).toBe(200)
  })

  test('opens a sign-in link in the browser of its victim, and the session stays until the victim asks for another', async () => {
    const { attacker, console } = await openBoth()
    const before = await sessionKeyOf(console)
    const signInToken = await consoleSignInToken({ app, acme })
    await attacker.goto(`${app.url}/console/#sign-in=${signInToken}`)
    await attacker
      .getByRole('button', { name: /sign in/i })
      .first()
      .waitFor()
    expect(await sessionKeyOf(console)).toBe(before)
    expect(await attacker.getByText('You are signed in already').count()).toBe(1)
    expect((await postSession(app, { signInToken })).status).toBe(200)
  })

  test('frames no screen of the console', async () => {
    const { attacker } = await openBoth()
    await attacker.setContent(`<iframe src="${app.url}/console/"></iframe>`)
    const frame = attacker.frames().at(-1)!
    expect(frame.url()).toMatch(/^chrome-error:/)
    expect(await frame.locator('#console').count()).toBe(0)
  })

  test('holds no window of the console that it opened', async () => {
    const { attacker } = await openBoth()
    const opening = attacker.context().waitForEvent('page')
    await attacker.evaluate(`void (globalThis.opened = open('${app.url}/console/'))`)
    const opened = await opening
    await opened.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(await opened.evaluate<boolean>('opener === null')).toBe(true)
    expect(await attacker.evaluate<boolean>('opened.closed')).toBe(true)
  })
})
