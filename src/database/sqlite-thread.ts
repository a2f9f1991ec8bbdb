/**
 * Thread that runs queries on a read-only SQLite connection, one at a time (sqlite-threads.ts starts it). Tests run this
 * file as it is, by Node's type stripping, so it imports packages only.
 */
import { parentPort, workerData } from 'node:worker_threads'

import Sqlite from 'better-sqlite3'

export interface ThreadQuestion {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

export type ThreadAnswer =
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] }
  // A structured clone of an error loses its code.
  | { readonly error: { readonly code: unknown; readonly message: string } }

const database = new Sqlite(workerData as string, { readonly: true, timeout: 1000 })

function answerTo({ sql, parameters }: ThreadQuestion): ThreadAnswer {
  try {
    return { rows: database.prepare(sql).all(...parameters) as Record<string, unknown>[] }
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown }
    return { error: { code, message } }
  }
}

parentPort?.on('message', (question: ThreadQuestion) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(answerTo(question))
})
