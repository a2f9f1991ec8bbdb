// Who may import whom. The list of layers is the truth: each imports itself and what stands above it here.

/**
 * Layers, lowest first: each imports itself and the ones above it in this list. Folders of one layer never import each other.
 */
const layers = [
  ['lib'],
  ['config'],
  ['observability'],
  ['entities'],
  ['outbound', 'database'],
  ['encryption', 'access', 'openid'],
  ['validation', 'pagination', 'rate-limits'],
  ['tenancy'],
  ['journal'],
  ['signing-keys'],
  ['context'],
  ['oauth'],
  ['api-keys', 'access-tokens', 'personal-tokens', 'audit', 'usage', 'mcp'],
  ['sign-in', 'members', 'end-users', 'organizations', 'access-review'],
  ['resolvers', 'http'],
  ['routes', 'graphql', 'gateway', 'authorization-server'],
  ['jobs', 'commands'],
]

/** Composition, in the order in which each may import the ones before it. */
const root = ['(schema|open-services)', 'server', 'app', 'serve', 'main', 'keyhouse', 'cli'].map((file) => `^src/${file}\\.ts$`)

const folder = (names) => `^src/(${names.join('|')})/`
const order = [...layers.map(folder), ...root]

/** Only these read the configuration; everyone else is handed what it needs and knows the type alone. */
const readers = '^src/(config|encryption|commands)/|^src/(open-services|cli|main|serve|keyhouse)\\.ts$'

export default {
  forbidden: [
    ...order.map((layer, i) => ({
      name: `one-way: above ${layer}`,
      severity: 'error',
      from: { path: layer },
      to: { path: '^src/', pathNot: order.slice(0, i + 1) },
    })),
    ...layers.map((names) => ({
      name: `separate: ${names.join(', ')}`,
      severity: 'error',
      from: { path: folder(names) },
      to: { path: folder(names), pathNot: '^src/$1/' },
    })),
    {
      name: 'migrations-stand-alone',
      comment: 'A migration that imported an entity would change its meaning with it.',
      severity: 'error',
      from: { path: '^src/database/migrations/' },
      to: { path: '^src/', pathNot: '^src/database/migrations/' },
    },
    {
      name: 'configuration-is-handed-down',
      severity: 'error',
      from: { path: '^src/', pathNot: readers },
      to: { path: '^src/config/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'every-file-has-a-layer', severity: 'error', from: { path: '^src/', pathNot: order.join('|') }, to: {} },
    { name: 'no-cycles-but-entities', severity: 'error', from: { pathNot: '^src/entities/' }, to: { circular: true } },
    { name: 'src-never-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-deep-graphql',
      comment: 'A second copy of graphql makes every schema "from another module or realm".',
      severity: 'error',
      from: {},
      to: { path: 'node_modules/graphql/', pathNot: 'node_modules/graphql/index\\.' },
    },
    { name: 'resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/' }, to: {} },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist' },
    moduleSystems: ['es6', 'cjs'],
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
}
