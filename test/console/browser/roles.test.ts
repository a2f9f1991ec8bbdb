/** What each role sees and may press on every screen of the console equals what the server answers to that role. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { rootFieldPermissions } from '../../../src/access/operations.js'
import type { MemberRole } from '../../../src/entities/enums.js'
import { launchBrowser, openIsolatedPage } from '../../support/browser.js'
import { freeControls, freeSections, readScreen, screenRows, type ScreenRow, type Shown } from '../../support/console-screens.js'
import { Gateway } from '../../support/gateway.js'
import { mutations, queries } from '../../support/operations.js'
import { organization } from '../../support/seed.js'
import { waitFor } from '../../support/wait-for.js'

interface Screen {
  readonly path: string
  readonly title: string | null
  readonly permission?: string
}

// Its types need JSX, which only the console's own project reads.
const screensModule: string = '../../../console/src/screens.js'
const { screens } = (await import(screensModule)) as { screens: readonly Screen[] }

let world: Gateway
let ids: Readonly<Record<string, string>>
let browser: Browser
/** One tab for all roles: what one may see must not stay for the next. Its screens are loaded once. */
let page: Page
/** Responses with a refusal. */
const refusals: string[] = []
beforeAll(async () => {
  // The browser has a clock of its own.
  world = await Gateway.start({ clock: () => new Date() }, { KEYHOUSE_URL: 'http://localhost:4000' })
  world.app.clock.at = new Date()
  ids = await fillScreens()
  browser = await launchBrowser()
  page = (await openIsolatedPage(browser, [world.app.url], 1280)).page
  page.on('response', (response) => {
    if (!response.url().endsWith('/console/graphql')) return
    response.text().then(
      (text) => text.includes('FORBIDDEN') && refusals.push(text),
      () => undefined,
    )
  })
})
afterAll(async () => {
  await browser.close()
  await world.close()
})

/** Creates something for every screen. Returns the ids in the paths of the screens, by the path of their list. */
async function fillScreens(): Promise<Record<string, string>> {
  const { acme, app } = world
  const { id: key } = await acme.apiKey({ label: 'ci' })
  const exchange = { externalUserId: 'user-1', audience: 'https://api.example.com' }
  await app.mutate(acme.sandboxKey, 'exchangeApiKey', exchange, 'token')
  const endUser = (await app.run(acme.adminToken, '{ endUsers { nodes { id } } }')).data.endUsers.nodes[0]!.id
  const server = await world.server({ requireApproval: 'ALWAYS' })
  await world.credential(server, { none: 'NONE' }, { 'x-on-behalf-of': 'user-1' })
  await world.credential(server, { none: 'NONE' })
  await app.mutate(acme.adminToken, 'createMcpOAuthClient', { issuer: 'https://as.example', clientId: 'keyhouse' }, 'client { id }')
  const product = { signInUrl: 'https://product.example/sign-in' }
  const configuration = { apiKeyId: key, signIn: { product } }
  const oauth = await app.mutate(acme.adminToken, 'setOAuthConfiguration', configuration, 'configuration { id }')
  const approval = (await world.call(server, acme.sandboxKey)).body.error.data.approvalId
  await app.mutate(acme.adminToken, 'inviteMember', { email: 'grace@example.com', role: 'READER' }, 'invitation { id }')
  return {
    '/keys': key,
    '/end-users': endUser,
    '/servers': server,
    '/approvals': approval,
    '/oauth/configurations': oauth.configuration.id,
  }
}

/** `OK`, `NULL` or the error code by operation. */
type Answers = ReadonlyMap<string, string>

/** Asks the server as a member of this role, in an organization of its own, for every operation of the table. */
async function askServer(role: MemberRole, projectIds: string[] | null): Promise<Answers> {
  const { app } = world
  const acme = await organization(app)
  const { token, userId } = await acme.member(role, projectIds)
  const scope = { app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: null, userId } as const
  const names = screenRows.flatMap(({ reads, sections, controls, rowControls }) => [
    ...(reads === undefined ? [] : [reads]),
    ...Object.values({ ...sections }),
    ...Object.values({ ...controls }),
    ...Object.values({ ...rowControls }),
  ])
  const answers = new Map<string, string>()
  for (const name of new Set(names)) {
    const { document, variables } = (queries[name] ?? mutations[name])!
    const { data, errors } = await app.run<Record<string, { userErrors?: { code: string }[] } | null>>(
      token,
      document,
      await variables(scope),
    )
    const value = data?.[name]
    answers.set(name, errors?.[0]?.extensions.code ?? value?.userErrors?.[0]?.code ?? (value === null ? 'NULL' : 'OK'))
  }
  return answers
}

function expectedOf({ reads, sections = {}, controls = {}, rowControls = {}, rowsLike = '' }: ScreenRow, answers: Answers): Shown {
  const isRead = reads === undefined || answers.get(reads) === 'OK'
  if (!isRead) return { sections: [], controls: {} }
  const reasonOf = (operation: string): string | null => {
    if (answers.get(operation) === 'FORBIDDEN') return `Needs ${rootFieldPermissions[operation]![0]}. Ask an ADMIN.`
    return answers.get(operation) === 'NOT_FOUND' ? 'You have no project. Ask an ADMIN.' : null
  }
  // To a member without a project the objects of the rows do not exist.
  const hasRows = [rowsLike, ...Object.values(rowControls)].every((operation) => answers.get(operation) !== 'NOT_FOUND')
  return {
    sections: Object.keys(sections).filter((name) => answers.get(sections[name]!) === 'OK'),
    controls: Object.fromEntries(
      [...Object.entries(controls), ...(hasRows ? Object.entries(rowControls) : [])].map(([name, operation]) => [
        name,
        reasonOf(operation),
      ]),
    ),
  }
}

/** Replaces the session of the tab. Only the first time loads the page. */
async function signIn(signInToken: string): Promise<void> {
  if (page.url() !== 'about:blank') await page.evaluate(`history.pushState(null, '', '/console/')`)
  await page.goto(`${world.app.url}/console/#sign-in=${signInToken}`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
}

/** Goes to a path without loading the page again, and reads the screen as soon as it has loaded. */
async function visit({ path, rest = '', controls, rowControls }: ScreenRow): Promise<Shown> {
  const concrete = `${path}${rest}`.replace(/^(.*)\/:id/, (_, list: string) => `${list}/${ids[list]}`)
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(`/console${concrete}`)})`)
  const read = (): Promise<Shown | null> => page.evaluate<Shown | null>(readScreen(Object.keys({ ...controls, ...rowControls })))
  await page.evaluate('new Promise(requestAnimationFrame)')
  let shown = await waitFor(async () => (await read()) ?? undefined)
  if (rowControls && 'Actions' in shown.controls) {
    await page.getByRole('main').getByRole('button', { name: 'Actions' }).first().press('Enter')
    await page.getByRole('menu').waitFor()
    shown = (await read())!
    await page.keyboard.press('Escape')
  }
  return {
    sections: shown.sections.filter((name) => !freeSections.test(name)),
    controls: Object.fromEntries(Object.entries(shown.controls).filter(([name]) => !freeControls.has(name))),
  }
}

test('every screen of the console has a row, whose query needs the permission of the screen', () => {
  expect([...new Set(screenRows.map(({ path }) => path))]).toEqual(screens.map(({ path }) => path))
  for (const { path, permission } of screens) {
    const { reads } = screenRows.find((row) => row.path === path)!
    if (permission !== undefined) expect({ path, needs: rootFieldPermissions[reads!] }).toEqual({ path, needs: [permission] })
  }
})

test.each<[string, MemberRole, string[] | null]>([
  ['an ADMIN', 'ADMIN', null],
  ['a MEMBER', 'MEMBER', null],
  ['a READER', 'READER', null],
  ['a MEMBER without a project', 'MEMBER', []],
])(
  '%s sees on every screen, and may press, what the server answers',
  async (_, role, projectIds) => {
    const { acme, app } = world
    const answers = await askServer(role, projectIds)
    const isRefused = ({ reads }: ScreenRow): boolean => reads !== undefined && answers.get(reads) === 'FORBIDDEN'
    const { memberId } = await acme.member(role, projectIds)
    const { signInToken } = await app.mutate(acme.adminToken, 'createSignInToken', { memberId }, 'signInToken')
    refusals.length = 0
    await signIn(signInToken)

    const titles = screens.flatMap(({ path, title }) =>
      title === null || isRefused(screenRows.find((row) => row.path === path)!) ? [] : [title],
    )
    expect(await page.getByRole('navigation', { name: 'Screens' }).getByRole('link').allTextContents()).toEqual(
      titles.map((title) => expect.stringContaining(title)),
    )
    for (const row of screenRows) {
      const { path, rest, reads } = row
      // Without the right to read one of the lists, its address shows the first one.
      if (rest !== undefined && isRefused(row)) continue
      expect({ path, rest, ...(await visit(row)) }).toEqual({ path, rest, ...expectedOf(row, answers) })
      if (isRefused(row)) await page.getByText(`You may not see this. It needs ${rootFieldPermissions[reads!]![0]}.`).waitFor()
      if (answers.get(reads ?? '') === 'NULL') await page.getByText('not found').waitFor()
    }
    expect(refusals).toEqual([])
  },
  120_000,
)
