// Runs every test on SQLite and on PostgreSQL; once those that know no database (unit tests) or no difference (the client's, and `aboveDatabase`).
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

// As in the image. Otherwise graphql-js looks for a second copy of itself at each `instanceOf`, a tenth of all CPU time.
process.env.NODE_ENV = 'production'
/** Every test that starts a process compiles the same packages. */
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

/** Mirrors tsconfig.json: legacy decorators, no emitted metadata. @type {import('@swc/core').Options} */
const swc = {
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: false, useDefineForClassFields: true, verbatimModuleSyntax: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: true,
  swcrc: false,
  configFile: false,
}

/** Only `npm run test:long` has the time for these. */
const long = '<rootDir>/test/long/'

/** Their rules end above the database, so they run once: HTTP, GraphQL documents, outbound connections, and how it starts. */
const aboveDatabase = [
  'apollo-plugins',
  'downstream',
  'examples',
  'gateway-clients',
  'gateway-loops',
  'gateway-outbound',
  'gateway-stalls',
  'graphql-clients',
  'graphql-cop',
  'guide-editors',
  'guide-programs',
  'hostile-documents',
  'hostile-requests',
  'http-conformance',
  'mcp-versions',
  'npm-start',
  'oauth/clients/.*',
  'outbound',
  'persisted-queries',
  'shutdown-idle-connection',
  'slow-dns',
  'traces-off',
].join('|')

/** What both databases share. @type {import('jest').Config} */
const base = {
  testEnvironment: '<rootDir>/test/support/jest.environment.js',
  testRunner: '<rootDir>/test/support/jest.runner.js',
  // src as well, or the coverage table forgets the files that no test loads.
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: [long],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  // Only `--findRelatedTests` and `--onlyChanged` look for modules in this way.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
}

/** Of each property, kills, rows, and what else is a matter of patience; `npm run test:long` takes more. */
const budget = {
  fuzzRuns: 40,
  crashRounds: 2,
  outageSeconds: 2,
  accessChains: 40,
  keyEvents: 20_000,
  looks: ['390 light', '1280 dark'],
  journeys: ['1280 dark'],
  everyCombination: false,
  consoleScale: { keys: 200, events: 2000, members: 3 },
}

export default {
  testTimeout: 30_000,
  // Two workers even on two processors: a test waits for disks and sockets more than it computes. Each opens a pool of
  // connections, so their number has an end.
  maxWorkers: Math.min(4, Math.max(2, availableParallelism() - 1)),
  // The loader of Node frees no module, and with it all that a test file has kept in variables.
  workerIdleMemoryLimit: '512MB',
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/database/migrations/**'],
  projects: [
    // Tests ask `database`, never TEST_POSTGRES_URL: the setup of every project has run before the first test of any.
    {
      ...base,
      displayName: 'sqlite',
      globals: { database: 'sqlite', ...budget },
      globalSetup: '<rootDir>/test/support/sqlite.global.js',
      globalTeardown: '<rootDir>/test/support/sqlite.teardown.js',
    },
    {
      ...base,
      displayName: 'postgres',
      globals: { database: 'postgres', ...budget },
      testPathIgnorePatterns: [
        long,
        '<rootDir>/test/unit/',
        '<rootDir>/test/client/',
        '<rootDir>/test/console/browser/',
        `<rootDir>/test/(${aboveDatabase})\\.test\\.ts$`,
      ],
      globalSetup: '<rootDir>/test/support/postgres.global.js',
      globalTeardown: '<rootDir>/test/support/postgres.teardown.js',
    },
  ],
}
