/**
 * Compares schema.graphql with that of an earlier commit. A breaking change fails, unless a decision record declares it in
 * a line "Breaking: " followed by graphql's description. `--baseline COMMIT` selects another commit.
 *
 * A copy of the earlier schema is beside this file, since a shallow clone has no history.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

import { breakingChanges } from './breaking-changes.js'

const baselineFile = 'tools/schema-baseline.graphql'
const decisions = 'docs/decisions'
const head = (commit) => `# schema.graphql at commit ${commit}. Renew with: node tools/check-breaking.js --baseline COMMIT\n`
const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

function renew(name) {
  const commit = git('rev-parse', '--verify', `${name}^{commit}`).trim()
  writeFileSync(baselineFile, head(commit) + git('show', `${commit}:schema.graphql`))
}

/** If the commit is in the history, the copy must equal its schema.graphql. */
function isFaithful(text) {
  const commit = /^# schema\.graphql at commit ([0-9a-f]{40})\b/.exec(text)?.[1]
  if (!commit) return false
  try {
    return text === head(commit) + git('show', `${commit}:schema.graphql`)
  } catch {
    return true
  }
}

const [, , flag, name] = process.argv
if (flag === '--baseline' && name) renew(name)

const baseline = readFileSync(baselineFile, 'utf8')
const records = readdirSync(decisions)
  .filter((file) => file.endsWith('.md'))
  .map((file) => readFileSync(`${decisions}/${file}`, 'utf8'))
const broken = breakingChanges(baseline, readFileSync('schema.graphql', 'utf8'), records)

if (!isFaithful(baseline)) {
  console.error(`${baselineFile} is not schema.graphql of the commit that it names.`)
  process.exitCode = 1
}
if (broken.length > 0) {
  console.error(
    `These changes of the schema break callers. Undo them, or record why in ${decisions} with these lines:\n${broken.map((line) => `Breaking: ${line}`).join('\n')}`,
  )
  process.exitCode = 1
}
