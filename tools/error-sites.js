/** The places where errors are created: constructors, factories, tables and functions that return a text, each with the code it gives. */
import { collectTexts } from './error-texts.js'
import { bare, enclosing, fileOf, functionName, isFunction, nameOf, parentOf, returnsOf } from './syntax.js'

/** Functions that return texts of ours for an error of a library, by the code that they come with. */
const returning = {
  describeVariableError: ['request', 'BAD_USER_INPUT'],
  describeVariableErrors: ['request', 'BAD_USER_INPUT'],
  redactValues: ['request', 'GRAPHQL_VALIDATION_FAILED'],
  describeError: ['command'],
}
/** Variables that hold a text, or a table of texts by code. */
const holding = {
  internalErrorMessage: ['request', 'INTERNAL_SERVER_ERROR'],
  unfitVariablesMessage: ['request', 'BAD_USER_INPUT'],
  tooManyTokensMessage: ['request', 'OPERATION_TOO_COMPLEX'],
  clearerTexts: ['request', 'BAD_REQUEST'],
}

/** Literals that are no errors, or that tools/errors.js reads from a table: descriptions in the schema, of metrics and of permissions, and what commands print on success. */
const documenting =
  /^(definePermission|gauge|counter|histogram|Option|option|description|argument|addHelpText|command|stringScalar|info|warn|error|debug|fatal)$/
const printing =
  /^src\/(access-review\/.*|cli|commands\/(audit-verify|first-start|vault)|entities\/enums|authorization-server\/authorize\/consent-page|database\/queries\/.*|graphql\/landing-page|oauth\/page-error|observability\/metrics|resolvers\/.*|schema)\.ts$/

const textOf = (node) => node.value ?? node.quasis?.map(({ cooked }) => cooked).join('{}') ?? ''
const isWithin = (fn, name) =>
  functionName(fn) === name ||
  (nameOf(bare(parentOf(parentOf(fn) ?? fn)?.callee)) === 'flatMap' && functionName(enclosing(fn, isFunction) ?? fn) === name)
const isSentence = (node) => /^["A-Z{].* .*[.?]$/s.test(textOf(node))

/** @param userErrors codes of `userErrors`; an object with another code belongs to a request */
export function collectErrors(userErrors, pattern = 'src/**/*.ts') {
  const { sources, add, rows, faults, argumentOf, propertyOf, valueOf, visited } = collectTexts(pattern)
  const calls = (name) => sources.calls.get(name) ?? []
  const literal = (node) => (bare(node)?.type === 'StringLiteral' ? bare(node).value : undefined)
  const numbers = (node) => {
    const expression = bare(node)
    if (expression?.type === 'NumericLiteral') return [expression.value]
    return expression?.type === 'ConditionalExpression' ? [...numbers(expression.consequent), ...numbers(expression.alternate)] : []
  }
  /** Sentences in the sources that no site leads to. */
  function uncollected() {
    const isResult = (node) =>
      fileOf(node).startsWith('src/commands/') && /^format[A-Z]/.test(functionName(enclosing(node, isFunction) ?? node) ?? '')
    const isDocumentation = (node) =>
      isResult(node) ||
      Boolean(
        enclosing(node, (outer) => {
          if (outer.type === 'Decorator') return true
          if (outer.type === 'KeyValueProperty') return /^(description|deprecationReason|cause|remedy)$/.test(nameOf(outer.key))
          return /^(Call|New)Expression$/.test(outer.type) && documenting.test(nameOf(bare(outer.callee)))
        }),
      )
    return sources.nodes
      .filter((node) => node.type === 'StringLiteral' || node.type === 'TemplateLiteral')
      .filter((node) => isSentence(node) && !visited.has(node) && !printing.test(fileOf(node)) && !isDocumentation(node))
      .map((node) => `${fileOf(node)}: no error that is known here has the text ${JSON.stringify(textOf(node))}`)
  }
  const kindOf = (code) => (code in userErrors ? 'user' : 'request')

  for (const call of calls('new RequestError')) {
    const options = argumentOf(call, 3)
    const status = options?.type === 'ObjectExpression' ? propertyOf(options, 'status') : undefined
    add('request', literal(argumentOf(call, 0)), status ? numbers(valueOf(status)) : [], argumentOf(call, 1))
  }
  for (const { id, init } of sources.nodes.filter(({ type }) => type === 'VariableDeclarator')) {
    if (init?.type !== 'CallExpression' || nameOf(init.callee) !== 'domainErrorFactory') continue
    for (const call of calls(id.value)) add('user', literal(argumentOf(init, 0)), [], argumentOf(call, 0))
  }
  for (const object of sources.nodes.filter(({ type }) => type === 'ObjectExpression')) {
    const [code, message, issue] = ['code', 'message', 'issue'].map((name) => propertyOf(object, name))
    if (issue && fileOf(object).startsWith('src/audit/')) add('command', undefined, [], valueOf(issue))
    if (!message) continue
    // An object with a code, or the response that `response(code, status)` makes with another message.
    const base = object.properties.find((property) => property.type === 'SpreadElement')?.arguments
    const known = code ? literal(valueOf(code)) : base?.type === 'CallExpression' ? literal(argumentOf(base, 0)) : undefined
    if (known) add(kindOf(known), known, code ? [] : numbers(argumentOf(base, 1)), valueOf(message))
  }
  for (const call of calls('new GatewayError')) {
    add('gateway', literal(argumentOf(call, 1)), numbers(argumentOf(call, 0)), argumentOf(call, 2))
  }
  for (const call of calls('new OAuthError')) {
    const options = argumentOf(call, 3)
    const status = options?.type === 'ObjectExpression' ? propertyOf(options, 'status') : undefined
    add('oauth', literal(argumentOf(call, 0)), status ? numbers(valueOf(status)) : [], argumentOf(call, 1))
  }
  for (const call of calls('new AuthorizationError')) add('authorization', undefined, [], argumentOf(call, 1))
  // Those of an MCP server's response go to the log only.
  for (const call of calls('new JsonError'))
    add(fileOf(call).startsWith('src/lib/') ? 'gateway' : 'log', 'PARSE_ERROR', [400], argumentOf(call, 0))
  for (const call of calls('new PageArgumentError')) if (argumentOf(call, 0)) add('request', 'BAD_USER_INPUT', [], argumentOf(call, 0))
  for (const call of calls('new GraphQLError')) {
    const options = argumentOf(call, 1)
    add('request', options ? 'OPERATION_TOO_COMPLEX' : 'BAD_USER_INPUT', [], argumentOf(call, 0))
  }
  for (const call of calls('failed')) if (fileOf(call) === 'src/mcp/servers/probe.ts') add('test', undefined, [], argumentOf(call, 1))
  for (const call of calls('metadataInvalid')) add('connection', undefined, [], argumentOf(call, 0))
  for (const call of calls('new OAuthClientError'))
    if (argumentOf(call, 1)?.type === 'TemplateLiteral') add('connection', undefined, [], argumentOf(call, 1))
  for (const call of calls('rejectVariable')) {
    const name = literal(argumentOf(call, 0))
    if (name) add('config', undefined, [], argumentOf(call, 1), { frame: (rule) => `${name}: ${rule}` })
    // A method of the reader: a text for each variable that is read with it.
    const method = enclosing(call, (node) => isFunction(node) && functionName(node) !== undefined)
    for (const read of name ? [] : calls(functionName(method)).filter((one) => fileOf(one).startsWith('src/config/'))) {
      const variable = literal(argumentOf(read, 0))
      if (variable) add('config', undefined, [], argumentOf(call, 1), { frame: (rule) => `${variable}: ${rule}`, call: read })
    }
  }
  for (const call of calls('new ConfigError')) add('config', undefined, [], argumentOf(call, 0))
  for (const name of ['CommandError', 'BrokenChainError', 'DatabaseRefusedError'])
    for (const call of calls(`new ${name}`)) add('command', undefined, [], argumentOf(call, 0))
  for (const [name, [kind, code]] of Object.entries(returning)) {
    for (const fn of sources.nodes.filter((node) => isFunction(node) && isWithin(node, name)))
      for (const text of returnsOf(fn)) add(kind, code, [], text)
  }
  for (const [name, [kind, code]] of Object.entries(holding)) {
    for (const { init } of sources.variables.get(name) ?? []) addTable(kind, code, init)
  }
  for (const [file, kind] of [
    ['src/http/error-response.ts', 'request'],
    ['src/outbound/outbound-error.ts', 'test'],
    ['src/outbound/oauth-client-error.ts', 'connection'],
  ]) {
    for (const variable of sources.variables.get('messages') ?? []) if (fileOf(variable) === file) addTable(kind, undefined, variable.init)
  }
  // The detail for developers; title and text are in the table of pages.
  for (const call of calls('new PageError')) {
    const options = argumentOf(call, 1)
    const detail = options?.type === 'ObjectExpression' ? propertyOf(options, 'detail') : undefined
    if (detail) add('page', undefined, [], valueOf(detail))
  }
  function addTable(kind, code, init) {
    if (bare(init).type !== 'ObjectExpression') return add(kind, code, [], init)
    for (const property of bare(init).properties) add(kind, code ?? nameOf(property.key), [], property.value)
  }
  return { rows, faults: [...faults, ...uncollected()] }
}
