/**
 * Writes docs/console.webp: screens of the console with example data, light beside dark. `npm run contact-sheet`.
 * With a folder as argument, it also saves every screen there, as a PNG in each look.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'

import { createApp } from '../dist/app.js'
import { readConfig } from '../dist/config/config.js'
import { addExampleData, startExampleServer } from './example-data.js'

const [, , folder] = process.argv
const output = 'docs/console.webp'
/** Maximum size of the image in bytes: every visitor of the README loads it. */
const maxBytes = 250_000
const size = { width: 1280, height: 720 }
/** Pixels of one screen in the sheet. */
const tile = { width: 720, height: 405 }
const gap = 16

const looks = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', width: 390 },
  zoomed: { colorScheme: 'light', width: 640 },
  'forced-colors': { colorScheme: 'dark', forcedColors: 'active' },
}
const sheetScreens = ['overview', 'keys', 'approval', 'audit']

const data = mkdtempSync(join(tmpdir(), 'keyhouse-example-'))
let agoMs = 0
const config = readConfig({
  PORT: '0',
  LOG_LEVEL: 'silent',
  KEYHOUSE_URL: 'http://localhost:4000',
  KEYHOUSE_DATA_DIR: data,
  KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1',
})
const app = await createApp(config, { clock: () => new Date(Date.now() - agoMs) })
const server = await startExampleServer()
const browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox', '--disable-gpu'] })
try {
  const { signInToken, paths } = await addExampleData(app, server.url, (ms) => (agoMs = ms))
  const screens = {
    overview: '/',
    keys: '/keys',
    'new-key': '/keys/new',
    key: paths.key,
    tokens: '/tokens',
    'end-users': '/end-users',
    servers: '/servers',
    server: paths.server,
    'edit-server': `${paths.server}/edit`,
    approval: paths.approval,
    audit: '/audit',
    usage: '/usage',
    people: '/people',
    settings: '/settings',
    me: '/me',
  }
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC' })
  // Headless Chromium denies notifications, which would disable a button.
  await context.addInitScript(`Object.defineProperty(Notification, 'permission', { value: 'default' })`)
  const signInPage = await context.newPage()
  await signInPage.goto(`${app.url}/console/#sign-in=${signInToken}`)
  await signInPage.getByRole('button', { name: 'Sign in' }).click()
  await signInPage.getByRole('heading', { name: 'Overview' }).waitFor()
  await signInPage.close()

  const tiles = { light: [], dark: [] }
  for (const [look, { width = size.width, ...media }] of Object.entries(folder ? looks : { light: looks.light, dark: looks.dark })) {
    // Chromium keeps the background of forced colors after their end, so each look has its own page.
    const page = await context.newPage()
    await page.setViewportSize({ ...size, width })
    await page.emulateMedia(media)
    for (const name of folder ? Object.keys(screens) : sheetScreens) {
      await page.goto(`${app.url}/console${screens[name]}`)
      await page.waitForLoadState('networkidle')
      if (folder) await page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: true })
      if (sheetScreens.includes(name)) tiles[look]?.push(await page.screenshot())
    }
    await page.close()
  }

  const page = await context.newPage()
  const sheet = { width: 2 * tile.width + gap, height: sheetScreens.length * (tile.height + gap) - gap }
  await page.setViewportSize(sheet)
  const images = tiles.light
    .flatMap((light, index) => [light, tiles.dark[index]])
    .map((png) => `<img src="data:image/png;base64,${png.toString('base64')}" width="${tile.width}">`)
  const style = `margin:0;display:grid;grid-template-columns:1fr 1fr;gap:${gap}px;background:#868e88`
  await page.setContent(`<body style="${style}">${images.join('')}`)
  const session = await context.newCDPSession(page)
  const { data: webp } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 85 })
  const bytes = Buffer.from(webp, 'base64')
  if (bytes.length > maxBytes) throw new Error(`${output} would have ${bytes.length} bytes. Lower its quality: at most ${maxBytes}.`)
  writeFileSync(output, bytes)
  console.log(`${output}: ${sheet.width} × ${sheet.height} pixels, ${bytes.length} bytes`)
} finally {
  await browser.close()
  server.close()
  await app.close()
  rmSync(data, { recursive: true })
}
