// The faults that lint-rules.test.ts plants, and lawful code close to them.

interface Fault {
  /** The file, or the folder, that it is planted in: many rules hold in some places only. */
  at: string
  code: string
  /** As the linter prints it. */
  rule: string
}

type Faults = Record<string, Fault>

const planted = (at: string, rule: string, codes: Record<string, string>): Faults =>
  Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, { at, rule, code: `${code}\n` }]))

export const faults: Faults = {
  ...planted('src/tokens/', 'house(ambient-time)', {
    'time by new Date()': 'export const a = new Date()',
    'time by new Date without brackets': 'export const a = new Date',
    'time by Date()': 'export const a = Date()',
    'time by Date.now()': 'export const a = Date.now()',
    "time by Date['now']": "export const a = Date['now']()",
    'time by passing Date.now on': 'export const clock = Date.now',
    'time by globalThis.Date.now()': 'export const a = globalThis.Date.now()',
    'time by new globalThis.Date()': 'export const a = new globalThis.Date()',
    'time by destructuring Date': 'const { now } = Date\nexport const a = now()',
    'time by another name for Date': 'const D = Date\nexport const a = new D()',
    'time by destructuring globalThis': 'const { Date: D } = globalThis\nexport const a = new D()',
    'time by spread arguments': 'const none: [] = []\nexport const a = new Date(...none)',
    'time by Reflect': 'export const a: unknown = Reflect.construct(Date, [])',
    'time by performance.now()': 'export const a = performance.now()',
    'time by process.hrtime': 'export const a = process.hrtime.bigint()',
  }),
  ...planted('src/tokens/', 'house(ambient-environment)', {
    'environment by process.env': 'export const a = process.env',
    "environment by process['env']": "export const a = process['env']",
    'environment by process?.env': 'export const a = process?.env',
    'environment by globalThis': 'export const a = globalThis.process.env',
    'environment by destructuring process': 'const { env } = process\nexport const a = env',
    'environment by another name for process': 'const p = process\nexport const a = p.env',
    'environment by a computed name': "const key: 'env' | 'argv' = Math.PI > 3 ? 'env' : 'argv'\nexport const a = process[key]",
    'environment by another name for globalThis': 'const g = globalThis\nexport const a = g.process.env',
  }),
  ...planted('src/tokens/', 'eslint(no-restricted-imports)', {
    'environment by import': "import { env } from 'node:process'\nexport const a = env",
    'time by import': "import { performance } from 'node:perf_hooks'\nexport const a = performance.now()",
  }),
  ...planted('src/resolvers/', 'eslint(no-restricted-imports)', {
    'guard that simpleResolvers drop': "import { Authorized } from 'type-graphql'\nexport const a = Authorized",
    'middleware that simpleResolvers drop': "import { UseMiddleware } from 'type-graphql'\nexport const a = UseMiddleware",
    'change of the metadata of type-graphql': "import { getMetadataStorage } from 'type-graphql'\nexport const a = getMetadataStorage()",
  }),
  ...planted('src/lib/', 'eslint(no-restricted-imports)', {
    'lib imports something of ours': "import { a } from '../config.js'\nexport const b = a",
    'environment by import, in lib': "import { env } from 'node:process'\nexport const a = env",
  }),
  ...planted('src/tokens/', 'house(outbound)', {
    'connection by fetch': "export const a = () => fetch('https://example.com')",
    'connection by globalThis.fetch': "export const a = () => globalThis.fetch('https://example.com')",
    'connection by passing fetch on': 'export const options = { fetch }',
    'connection by WebSocket': "export const a = new WebSocket('wss://example.com')",
    'connection by undici': "import { request } from 'undici'\nexport const a = request",
    'connection by node:https': "import { request } from 'node:https'\nexport const a = request",
    'connection by node:http': "import { createServer, request } from 'node:http'\nexport const a = { createServer, request }",
    'connection by the whole of node:http': "import * as http from 'node:http'\nexport const a = http",
    'connection by node:net': "import { connect } from 'node:net'\nexport const a = connect",
    'connection by node:tls': "import tls from 'node:tls'\nexport const a = tls",
    'connection by node:dns': "import { lookup } from 'node:dns/promises'\nexport const a = lookup",
    'connection by import()': "export const a = () => import('node:https')",
    'connection by re-export': "export { request } from 'node:https'",
    'connection by getBuiltinModule': "export const a = process.getBuiltinModule('node:https')",
    'connection by jose': "import { createRemoteJWKSet } from 'jose'\nexport const a = createRemoteJWKSet",
  }),
  ...planted('src/tokens/', 'house(unscoped-query)', {
    ...Object.fromEntries(
      ['insert', 'insertMany', 'upsert', 'upsertMany', 'createQueryBuilder', 'qb', 'getKysely', 'execute', 'setFilterParams'].map(
        (name) => [`query by ${name}`, `export const a = (em: { ${name}(): void }) => em.${name}()`],
      ),
    ),
    'query by a computed name': "export const a = (em: { insert(): void }) => em['insert']()",
    'query by destructuring': 'export const a = ({ upsert }: { upsert: () => void }) => upsert()',
    'query with filters switched off': 'export const a = (find: (o: object) => void) => find({ filters: false })',
    'query with filters switched off later': 'export const a = (options: { filters: boolean }) => {\n  options.filters = false\n}',
  }),
  ...planted('src/tokens/', 'eslint(no-restricted-properties)', { 'randomness by Math.random': 'export const a = Math.random()' }),
  ...planted('src/tokens/', 'eslint(no-console)', { 'console in the server': "console.log('a')\nexport const a = 1" }),
  ...planted('src/tokens/', 'eslint(max-lines)', {
    'a file of 201 lines': Array.from({ length: 201 }, (_, i) => `export const a${i} = 1`).join('\n'),
  }),
  ...planted('src/tokens/', 'import(no-default-export)', { 'default export': 'export default 1' }),
  ...planted('src/tokens/', 'import(no-unassigned-import)', {
    'import for its effect': "import './default-export.js'\nexport const a = 1",
  }),
  ...planted('src/tokens/cycle-a.ts', 'import(no-cycle)', { cycle: "import { b } from './cycle-b.js'\nexport const a = (): unknown => b" }),
  ...planted('src/tokens/cycle-b.ts', 'import(no-cycle)', {
    'cycle, the other half': "import { a } from './cycle-a.js'\nexport const b = (): unknown => a",
  }),
  ...planted('src/tokens/', 'typescript(no-explicit-any)', { any: 'export const a = (b: any) => String(b)' }),
  ...planted('src/tokens/', 'typescript(no-floating-promises)', {
    'floating promise': 'const work = async () => 1\nexport const a = () => {\n  work()\n}',
  }),
  ...planted('src/tokens/', 'typescript(no-misused-promises)', {
    'misused promise': 'const work = async () => 1\nexport const a = () => [1].forEach(async () => {\n  await work()\n})',
  }),
  ...planted('src/tokens/', 'typescript(switch-exhaustiveness-check)', {
    'forgotten case': "export const a = (b: 'x' | 'y') => {\n  switch (b) {\n    case 'x':\n      return 1\n  }\n  return 2\n}",
  }),
  ...planted('src/tokens/', 'typescript(no-deprecated)', {
    'deprecated call': '/** @deprecated use another */\nconst old = () => 1\nexport const a = old()',
  }),
  ...planted('src/tokens/', 'typescript(consistent-type-imports)', {
    'type imported as a value': "import { Config } from '../config.js'\nexport const a = (b: Config) => b",
    'type imported in place': "export const a = (b: import('../config.js').Config) => b",
  }),
}

export const lawful: Record<string, Omit<Fault, 'rule'>> = {
  'dates made from something': {
    at: 'src/entities/',
    code: `
import { Field } from 'type-graphql'

export class Row {
  @Field(() => Date)
  at!: Date

  @Field(() => [Date])
  all!: Date[]
}
export const later = (at: Date, ms: number) => new Date(at.getTime() + ms)
export const isDate = (value: unknown) => value instanceof Date
export const parsed = Date.parse('2026-01-01')
export const inScope = (Date: { now(): number }) => Date.now()
`,
  },
  'the clock': { at: 'src/lib/clock.ts', code: 'export const systemClock = () => new Date()\n' },
  'the reader of the environment': {
    at: 'src/config/config.ts',
    code: 'export interface Config {\n  a: string\n}\nexport const a = process.env\n',
  },
  'the process without its environment': {
    at: 'src/http/',
    code: "export const stop = () => {\n  process.once('SIGTERM', () => process.exit(0))\n}\nexport const { pid } = { pid: process.pid }\n",
  },
  'the one door outwards': {
    at: 'src/outbound/create-outbound.ts',
    code: "import { lookup } from 'node:dns/promises'\n\nexport const a = { lookup, fetch }\n",
  },
  'listening, and thinking about addresses': {
    at: 'src/http/',
    code: `
import { createServer } from 'node:http'
import { BlockList, isIP } from 'node:net'

import { jwtVerify } from 'jose'

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

export const a = { createServer, BlockList, isIP, jwtVerify }
export const b = (request: IncomingMessage, socket: Socket) => request.socket === socket
export const c = (options: { fetch: typeof fetch }) => options.fetch
`,
  },
  'queries of the journal': { at: 'src/journal/', code: 'export const a = (em: { execute(): void }) => em.execute()\n' },
  'queries of database.ts': { at: 'src/database/database.ts', code: 'export const a = (em: { getKysely(): void }) => em.getKysely()\n' },
  'queries of a migration': { at: 'src/database/migrations/sqlite/', code: 'export const a = (em: { execute(): void }) => em.execute()\n' },
  'queries of a test': { at: 'test/', code: 'export const a = (em: { insert(): void }) => em.insert()\nexport const b = new Date()\n' },
  'a test of 201 lines': { at: 'test/', code: Array.from({ length: 201 }, (_, i) => `export const a${i} = 1`).join('\n') },
  'console in the command line': { at: 'src/cli.ts', code: "console.log('a')\nexport const a = 1\n" },
}
