// Syntax tree helpers for house.js: references to globals, statically known names, and imports.

const wrappers = new Set(['ChainExpression', 'TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'ParenthesizedExpression'])

/** The property's name if it is statically known: `a.b`, `a['b']`, `` a[`b`] ``, `{ b: … }`. */
export function staticName(node) {
  const key = node.property ?? node.key
  if (!node.computed && (key.type === 'Identifier' || key.type === 'PrivateIdentifier')) return key.name
  return text(key)
}

function text(node) {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked
  return undefined
}

/** Every expression that refers to one of these globals: `Date`, `globalThis.Date`, `globalThis['Date']`. */
export function globals(sourceCode, program, ...names) {
  const wanted = new Set(names)
  const found = []
  for (const node of freeIdentifiers(sourceCode, program)) {
    if (wanted.has(node.name)) found.push(node)
    if (node.name !== 'globalThis' && node.name !== 'global') continue
    const { parent, role } = useOf(node)
    if (role === 'object' && wanted.has(staticName(parent))) found.push(parent)
  }
  return found
}

/** Value references, not type references, to identifiers that the file does not declare. */
function freeIdentifiers(sourceCode, program) {
  const scope = sourceCode.getScope(program)
  const known = scope.variables.filter((variable) => variable.defs.length === 0).flatMap((variable) => variable.references)
  const references = new Set([...scope.through, ...known])
  return [...references]
    .filter((reference) => reference.isValueReference !== false)
    .map((reference) => reference.identifier)
    .filter((node) => !node.parent.type.startsWith('TS') || wrappers.has(node.parent.type))
}

/** The parent of an expression and its role there, ignoring parentheses, `!`, `as` and `?.`. */
export function useOf(expression) {
  let node = expression
  while (wrappers.has(node.parent.type)) node = node.parent
  const { parent } = node
  return { parent, role: roleOf(node, parent) }
}

function roleOf(node, parent) {
  if (parent.type === 'MemberExpression' && parent.object === node) return 'object'
  if (parent.type === 'NewExpression' && parent.callee === node) return 'constructor'
  if (parent.type === 'BinaryExpression' && parent.operator === 'instanceof' && parent.right === node) return 'instanceof'
  if (parent.type === 'UnaryExpression' && parent.operator === 'typeof') return 'typeof'
  if (parent.type === 'ArrowFunctionExpression' && parent.body === node) return 'answer'
  if (parent.type === 'ArrayExpression' && parent.parent.type === 'ArrowFunctionExpression') return 'answer'
  return 'other'
}

export function isInDecorator(node) {
  for (let at = node; at; at = at.parent) if (at.type === 'Decorator') return true
  return false
}

/** Visitors that call `visit(node, module, names)` for every import, export, `import()` and `require` of a value. */
export function importsOf(visit) {
  const named = (specifier) => {
    if (specifier.type === 'ImportNamespaceSpecifier') return '*'
    if (specifier.type === 'ImportDefaultSpecifier') return 'default'
    const name = specifier.imported ?? specifier.local
    return name.name ?? name.value
  }
  const isValue = (node) => node.importKind !== 'type' && node.exportKind !== 'type'
  const declaration = (node) => {
    if (!node.source || !isValue(node)) return
    const names = node.specifiers?.filter(isValue).map(named) ?? ['*']
    visit(node, node.source.value, names)
  }
  return {
    ImportDeclaration: declaration,
    ExportNamedDeclaration: declaration,
    ExportAllDeclaration: declaration,
    ImportExpression(node) {
      const source = text(node.source)
      if (source !== undefined) visit(node, source, ['*'])
    },
    CallExpression(node) {
      const loads =
        node.callee.name === 'require' || (node.callee.type === 'MemberExpression' && staticName(node.callee) === 'getBuiltinModule')
      const source = loads && node.arguments[0] ? text(node.arguments[0]) : undefined
      if (source !== undefined) visit(node, source, ['*'])
    },
  }
}
