// Lint rules of this project that no published plugin provides.
import { globals, importsOf, isInDecorator, staticName, useOf } from './house-ast.js'

const rule = (description, create) => ({ meta: { type: 'problem', docs: { description } }, create })

/** Reports `globalThis` other than as `globalThis.name`, since the rules do not follow aliases. */
function reportAliases(context, program) {
  for (const node of globals(context.sourceCode, program, 'globalThis', 'global')) {
    const { parent, role } = useOf(node)
    if (role !== 'object' || staticName(parent) === undefined) {
      context.report({ node, message: 'Name the global that you need: globalThis under another name hides what is read.' })
    }
  }
}

const ambientTime = rule('Time comes in by argument, from lib/clock.ts.', (context) => {
  const message = 'Time comes in by argument: only lib/clock.ts reads the clock.'
  const isFree = (node) => {
    const { parent, role } = useOf(node)
    if (role === 'object') return ['UTC', 'parse', 'prototype'].includes(staticName(parent))
    if (role === 'constructor') return parent.arguments.length > 0 && parent.arguments[0].type !== 'SpreadElement'
    // A type reference for TypeGraphQL and MikroORM: `() => Date`, `{ type: Date }`, `x instanceof Date`.
    return role === 'instanceof' || role === 'answer' || isInDecorator(node)
  }
  return {
    Program(program) {
      for (const node of globals(context.sourceCode, program, 'Date')) if (!isFree(node)) context.report({ node, message })
      for (const node of globals(context.sourceCode, program, 'performance')) context.report({ node, message })
      for (const node of globals(context.sourceCode, program, 'process')) {
        const { parent, role } = useOf(node)
        if (role === 'object' && ['hrtime', 'uptime'].includes(staticName(parent))) context.report({ node: parent, message })
      }
      reportAliases(context, program)
    },
  }
})

const ambientEnvironment = rule('Settings come in by argument, from config.ts.', (context) => {
  const message = 'Settings come in by argument: only config.ts reads the environment.'
  return {
    Program(program) {
      for (const node of globals(context.sourceCode, program, 'process')) {
        const { parent, role } = useOf(node)
        const name = role === 'object' ? staticName(parent) : undefined
        // A computed property or an alias of `process` could read the environment.
        if (role !== 'typeof' && (name === undefined || ['env', 'loadEnvFile'].includes(name))) context.report({ node, message })
      }
      reportAliases(context, program)
    },
  }
})

const queries = new Set([
  'insert',
  'insertMany',
  'upsert',
  'upsertMany',
  'createQueryBuilder',
  'qb',
  'getKysely',
  'execute',
  'setFilterParams',
])

const unscopedQuery = rule('Queries that the tenant filter does not see.', (context) => {
  const message = (name) => `'${name}' bypasses the tenant filter: only the files that .oxlintrc.json names may use it.`
  const report = (node, name) => context.report({ node, message: message(name) })
  return {
    MemberExpression(node) {
      const name = staticName(node)
      if (queries.has(name)) report(node, name)
      // Only an assignment to `filters` switches the tenant filter off; reading it is allowed.
      if (name === 'filters' && node.parent.type === 'AssignmentExpression' && node.parent.left === node) report(node, name)
    },
    Property(node) {
      const name = staticName(node)
      if (node.parent.type === 'ObjectPattern' ? queries.has(name) : name === 'filters') report(node, name)
    },
  }
})

/** Exports of node:net that open no sockets. */
const addressHelpers = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'])

/** Modules that open connections, with a test of the imported names; `*` is the whole module. */
const opensConnections = [
  [/^(?:node:)?(?:https|http2|tls|dns|dns\/promises|dgram)$|^undici(?:\/|$)/, () => true],
  [/^(?:node:)?net$/, (name) => !addressHelpers.has(name)],
  [/^(?:node:)?http$/, (name) => ['*', 'default', 'request', 'get', 'Agent', 'ClientRequest'].includes(name)],
  [/^jose$/, (name) => ['*', 'default', 'createRemoteJWKSet'].includes(name)],
]

const outbound = rule('Connections to elsewhere, which only mcp/outbound.ts and its parts may open.', (context) => {
  const message = 'Only mcp/outbound.ts opens connections: it knows which addresses may be reached.'
  return {
    Program(program) {
      for (const node of globals(context.sourceCode, program, 'fetch', 'WebSocket', 'EventSource')) context.report({ node, message })
      reportAliases(context, program)
    },
    ...importsOf((node, source, names) => {
      const opens = opensConnections.find(([module]) => module.test(source))?.[1]
      if (opens && names.some(opens)) context.report({ node, message })
    }),
  }
})

export default {
  meta: { name: 'house' },
  rules: {
    'ambient-time': ambientTime,
    'ambient-environment': ambientEnvironment,
    'unscoped-query': unscopedQuery,
    outbound,
  },
}
