/**
 * Writes npm-shrinkwrap.json, which pins every package of an installation from the tarball, and removes it after packing:
 * in the repository npm would read it in place of package-lock.json.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'

import { productionLock } from './production-packages.js'

const file = 'npm-shrinkwrap.json'

if (process.argv.includes('--remove')) rmSync(file, { force: true })
else writeFileSync(file, `${JSON.stringify(productionLock(JSON.parse(readFileSync('package-lock.json', 'utf8'))), null, 2)}\n`)
