// Jest global setup: a folder for all SQLite files of this run, and Chromium unpacked once, since parallel test files would overwrite each other's copy.
import { mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import chromium from '@sparticuz/chromium'

/** Linux's memory file system: a commit waits for no disk, as on PostgreSQL with `fsync` off. */
const memory = '/dev/shm'
/** More than the largest database of `npm run test:long` needs; containers usually have 64 MB. */
const enoughBytes = 4 * 1024 ** 3

function roomiestFolder() {
  try {
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize > enoughBytes ? memory : tmpdir()
  } catch {
    return tmpdir()
  }
}

export default async function start() {
  process.env.TEST_SQLITE_FOLDER = mkdtempSync(join(roomiestFolder(), 'keyhouse-sqlite-'))
  await chromium.executablePath()
}
