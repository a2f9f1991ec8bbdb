/** Pool of worker threads for SQLite queries, so that a slow query does not block the event loop. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

import { toPublicError, unavailableError } from './database-errors.js'
import { queryTimeoutError, queryTimeoutMs } from './query-timeout.js'
import type { RunningQuery } from './request-queries.js'
import type { Row } from './row-mapper.js'
import type { ThreadAnswer, ThreadQuestion } from './sqlite-thread.js'

/** An organization runs one query at a time, so with two threads its slow query leaves one to the others. */
const maxThreads = 2

interface Job {
  readonly query: ThreadQuestion
  readonly rows: PromiseWithResolvers<readonly Row[]>
  readonly done: PromiseWithResolvers<void>
}

function failJob({ rows, done }: Job, error: unknown): void {
  rows.reject(error)
  done.resolve()
}

const databaseClosed = (): unknown => unavailableError(new Error('the database is closed'))

/** Worker script beside this file: TypeScript in tests, JavaScript in production. */
const threadFile = fileURLToPath(new URL(`sqlite-thread${extname(import.meta.url)}`, import.meta.url))

/** Starts a worker with an empty environment, since the one of the process may contain master keys. */
export const startSqliteThread = (databaseFile: string): Worker => new Worker(threadFile, { workerData: databaseFile, env: {} })

export class SqliteThreadPool {
  readonly #threads = new Map<Worker, Job | undefined>()
  #queue: Job[] = []
  #isClosed = false

  constructor(
    /** Called when a query finds no idle thread and fewer than two run. */
    private readonly startThread: () => Worker,
    private readonly timeoutMs = queryTimeoutMs,
  ) {}

  /** Runs a query. `rows` rejects with RequestError QUERY_TIMEOUT, which includes the wait for a thread, or UNAVAILABLE. */
  run(query: ThreadQuestion): RunningQuery {
    const job: Job = { query, rows: Promise.withResolvers(), done: Promise.withResolvers() }
    const timer = setTimeout(() => this.#timeOut(job), this.timeoutMs)
    void job.done.promise.then(() => clearTimeout(timer))
    if (this.#isClosed) failJob(job, databaseClosed())
    else this.#queue.push(job)
    this.#assign()
    return { rows: job.rows.promise, done: job.done.promise }
  }

  /** Terminates the threads. A thread with a running query ends after it, since SQLite cannot be interrupted here. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const job of this.#queue.splice(0)) failJob(job, databaseClosed())
    await Promise.all([...this.#threads.keys()].map((thread) => thread.terminate()))
  }

  /** Rejects a job. One that a thread has begun keeps that thread until the query ends. */
  #timeOut(job: Job): void {
    if (!this.#queue.includes(job)) return job.rows.reject(queryTimeoutError())
    this.#queue = this.#queue.filter((queued) => queued !== job)
    failJob(job, queryTimeoutError())
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idleThread()
      if (!thread) return
      const job = this.#queue.shift()!
      this.#threads.set(thread, job)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      thread.postMessage(job.query)
    }
  }

  #idleThread(): Worker | undefined {
    for (const [thread, job] of this.#threads) if (!job) return thread
    return this.#threads.size < maxThreads ? this.#start() : undefined
  }

  #start(): Worker {
    const thread = this.startThread()
    this.#threads.set(thread, undefined)
    // An idle thread must not keep the process alive.
    thread.unref()
    thread.on('message', (answer: ThreadAnswer) => this.#handleAnswer(thread, answer))
    let cause: unknown
    thread.on('error', (error) => {
      cause = error
    })
    thread.on('exit', () => this.#handleExit(thread, cause))
    return thread
  }

  #handleAnswer(thread: Worker, answer: ThreadAnswer): void {
    const job = this.#threads.get(thread)
    this.#threads.set(thread, undefined)
    if ('rows' in answer) job?.rows.resolve(answer.rows)
    else job?.rows.reject(toPublicError(Object.assign(new Error(answer.error.message), { code: answer.error.code })))
    job?.done.resolve()
    this.#assign()
  }

  /** Fails the job of an ended thread; the next query starts another thread. */
  #handleExit(thread: Worker, cause: unknown): void {
    const job = this.#threads.get(thread)
    this.#threads.delete(thread)
    if (job) failJob(job, unavailableError(cause ?? new Error('the thread of this query has ended')))
    this.#assign()
  }
}
