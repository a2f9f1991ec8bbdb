/** What the image and the compose file promise, read off their text: what an engine makes of them, `npm run rehearse` comes close to. */
import { existsSync, readFileSync } from 'node:fs'
import { BlockList } from 'node:net'

import { expect, test } from '@jest/globals'

import { readConfig } from '../../src/config/config.js'

const fileAt = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const dockerfile = fileAt('Dockerfile')
const compose = fileAt('compose.yaml')
const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))

test('the last stage holds what runs: no dependency of tests, no compiler, and a user who is not root', () => {
  expect(dockerfile.match(/^FROM node:24-/gm)).toHaveLength(3)
  // Installs what was packed, of which the manifest names no dependency of tests.
  expect(dockerfile).toMatch(
    /AS build[^]*RUN npm run pack\n[^]*AS dependencies[^]*npm pkg delete devDependencies.* && npm ci --omit=optional\n/,
  )
  expect(last).not.toMatch(/^RUN npm/m)
  expect(last).toMatch(/^USER 10001:10001$/m)
  expect(last.match(/^VOLUME .*/gm)).toEqual(['VOLUME /data'])
})

test('what it copies is there', () => {
  for (const [, paths] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const path of paths!.split(' '))
      expect({ path, isThere: existsSync(new URL(`../../${path}`, import.meta.url)) }).toEqual({ path, isThere: true })
  }
})

test('it is told to end by SIGTERM, without a shell between, and may take as long as it does', () => {
  expect(last).toMatch(/^STOPSIGNAL SIGTERM\nENTRYPOINT \["node", "--max-semi-space-size=16", "bin\/keyhouse.js"\]\nCMD \["start"\]$/m)
  const grace = Number(/stop_grace_period: (\d+)s/.exec(compose)![1])
  const longest = Number(/maxDrainMs = ([\d_]+)/.exec(fileAt('src/main.ts'))![1]!.replace('_', ''))
  expect(grace * 1000).toBeGreaterThan(longest)
})

test('two replicas behind a proxy that is believed, on a root that cannot be written', () => {
  for (const line of ['replicas: 2', 'read_only: true', 'cap_drop: [ALL]', 'image: postgres:18', 'image: caddy:2'])
    expect(compose).toContain(line)
  const [, address] = /ipv4_address: (\S+)/.exec(compose)!
  expect(compose).toContain(`KEYHOUSE_TRUSTED_PROXIES: ${address}`)
  const within = (range: string): boolean => {
    const [start, bits] = range.split('/')
    const list = new BlockList()
    list.addSubnet(start!, Number(bits))
    return list.check(address!)
  }
  // Nobody else is given the address that is believed.
  expect(within(/subnet: (\S+)/.exec(compose)![1]!)).toBe(true)
  expect(within(/ip_range: (\S+)/.exec(compose)![1]!)).toBe(false)
})

test('every variable that they set is one that is read', () => {
  const set = [...compose.matchAll(/^ {6}((?:KEYHOUSE|DATABASE)_\w+): (.+)$/gm)].map(([, name]) => name!)
  const given = { ...Object.fromEntries(set.map((name) => [name, '?'])), HOST: '0.0.0.0' }
  let message = ''
  try {
    readConfig(given)
  } catch (error) {
    message = (error as Error).message
  }
  // A value that means nothing is a fault of every variable that is read.
  for (const name of set) expect(message).toContain(name)
})
