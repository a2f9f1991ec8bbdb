/** Master keys in the format of KEYHOUSE_MASTER_KEYS: `id:base64`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { TestApp } from './app.js'
import { isPostgres, testMasterKeys } from './database.js'

/** The application's master key. */
export const firstMasterKey = (app: TestApp): string =>
  isPostgres ? testMasterKeys : readFileSync(join(app.config.dataDir, 'master.key'), 'utf8').trim()

export const newMasterKey = (id: string): string => `${id}:${Buffer.alloc(32, id).toString('base64')}`
