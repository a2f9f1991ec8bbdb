// Who may import whom. The list of layers is the truth: each imports itself and what stands above it here.

/** Rooms hold the verbs. They do not import each other; a door between two is a decision record. */
const rooms = ['audit', 'organizations', 'api-keys', 'tokens', 'personal-tokens', 'end-users', 'mcp', 'usage'].join('|')

const layers = [
  '^src/lib/',
  '^src/(metrics|outbound)\\.ts$',
  '^src/(config|traces-config|limits-config)\\.ts$',
  '^src/errors\\.ts$',
  '^src/traces\\.ts$',
  '^src/entities/',
  '^src/access/',
  '^src/context\\.ts$|^src/journal/',
  '^src/perform\\.ts$',
  `^src/(${rooms})/`,
  '^src/resolvers/',
  '^src/schema\\.ts$',
  '^src/http/',
  '^src/migrations/',
  '^src/(log|master-keys|prove-master-keys|deployment-secrets|sealed-columns|sealed-rows|database|sweepers|app)\\.ts$',
  '^src/(main|cli)\\.ts$|^src/commands/',
]

/** Only these read the configuration; everyone below is handed what it needs and knows the type alone. */
const readers = '^src/(master-keys|prove-master-keys|deployment-secrets|database|sweepers|app|main|cli)\\.ts$|^src/commands/'

export default {
  forbidden: [
    ...layers.map((layer, i) => ({
      name: `one-way: above ${layer}`,
      severity: 'error',
      from: { path: layer },
      to: { path: '^src/', pathNot: layers.slice(0, i + 1) },
    })),
    {
      name: 'rooms-are-separate',
      severity: 'error',
      from: { path: `^src/(${rooms})/` },
      to: { path: `^src/(${rooms})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration that imported an entity would change its meaning with it.',
      severity: 'error',
      from: { path: '^src/migrations/' },
      to: { path: '^src/', pathNot: '^src/migrations/' },
    },
    {
      name: 'configuration-is-handed-down',
      severity: 'error',
      from: { path: '^src/', pathNot: readers },
      to: { path: '^src/config\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    { name: 'every-file-has-a-layer', severity: 'error', from: { path: '^src/', pathNot: layers.join('|') }, to: {} },
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
