/**
 * Worker thread that runs queries on a read-only SQLite connection, one at a time (sqlite-threads.ts starts it).
 * Tests run this file with Node's type stripping, so it imports only packages.
 */
import { parentPort, workerData } from 'node:worker_threads'

import Sqlite from 'better-sqlite3'

export interface ThreadQuestion {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

export type ThreadAnswer =
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] }
  // The structured clone of an Error loses its code.
  | { readonly error: { readonly code: unknown; readonly message: string } }

const database = new Sqlite(workerData as string, { readonly: true, timeout: 1000 })

function runQuery({ sql, parameters }: ThreadQuestion): ThreadAnswer {
  try {
    return { rows: database.prepare(sql).all(...parameters) as Record<string, unknown>[] }
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown }
    return { error: { code, message } }
  }
}

parentPort?.on('message', (query: ThreadQuestion) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(runQuery(query))
})
