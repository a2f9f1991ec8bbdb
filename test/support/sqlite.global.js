// Jest global setup: a folder for all SQLite files of this run, and Chromium unpacked once, since parallel test files would overwrite each other's copy.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import chromium from '@sparticuz/chromium'

import { memoryFolder } from './memory-folder.js'

export default async function start() {
  process.env.TEST_SQLITE_FOLDER = mkdtempSync(join(memoryFolder() ?? tmpdir(), 'keyhouse-sqlite-'))
  await chromium.executablePath()
}
