/** Runs SQLite queries in threads of their own, so that a slow one does not hold the event loop. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

import { toPublicError, unavailable } from './database-errors.js'
import { queryTimeout, queryTimeoutMs } from './query-timeout.js'
import type { RunningQuery } from './request-queries.js'
import type { Row } from './row-mapper.js'
import type { ThreadAnswer, ThreadQuestion } from './sqlite-thread.js'

/** With two, an organization whose query is slow leaves a thread for the others: it has one query at a time. */
const maxThreads = 2

interface Job {
  readonly question: ThreadQuestion
  readonly answer: PromiseWithResolvers<readonly Row[]>
  readonly done: PromiseWithResolvers<void>
}

function end({ answer, done }: Job, error: unknown): void {
  answer.reject(error)
  done.resolve()
}

const closed = (): unknown => unavailable(new Error('the database is closed'))

/** The file beside this one: TypeScript in tests, JavaScript in production. */
const threadFile = fileURLToPath(new URL(`sqlite-thread${extname(import.meta.url)}`, import.meta.url))

/** Its environment is empty: that of the process may hold master keys. */
export const startSqliteThread = (databaseFile: string): Worker => new Worker(threadFile, { workerData: databaseFile, env: {} })

export class SqliteThreads {
  readonly #threads = new Map<Worker, Job | undefined>()
  #waiting: Job[] = []
  #isClosed = false

  constructor(
    /** Called at the first query, and after a thread has ended. */
    private readonly startThread: () => Worker,
    private readonly timeoutMs = queryTimeoutMs,
  ) {}

  /** `rows` @throws RequestError QUERY_TIMEOUT when there is no answer in time, the wait for a thread included; UNAVAILABLE */
  run(question: ThreadQuestion): RunningQuery {
    const job: Job = { question, answer: Promise.withResolvers(), done: Promise.withResolvers() }
    const timer = setTimeout(() => this.#giveUp(job), this.timeoutMs)
    void job.done.promise.then(() => clearTimeout(timer))
    if (this.#isClosed) end(job, closed())
    else this.#waiting.push(job)
    this.#assign()
    return { rows: job.answer.promise, done: job.done.promise }
  }

  /** Ends the threads. One that is within a query ends after it: SQLite cannot be interrupted from here. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const job of this.#waiting.splice(0)) end(job, closed())
    await Promise.all([...this.#threads.keys()].map((thread) => thread.terminate()))
  }

  /** A job that a thread has begun stays the thread's. */
  #giveUp(job: Job): void {
    if (!this.#waiting.includes(job)) return job.answer.reject(queryTimeout())
    this.#waiting = this.#waiting.filter((one) => one !== job)
    end(job, queryTimeout())
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#idleThread()
      if (!thread) return
      const job = this.#waiting.shift()!
      this.#threads.set(thread, job)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      thread.postMessage(job.question)
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
    thread.on('message', (answer: ThreadAnswer) => this.#answered(thread, answer))
    let cause: unknown
    thread.on('error', (error) => {
      cause = error
    })
    thread.on('exit', () => this.#ended(thread, cause))
    return thread
  }

  #answered(thread: Worker, answer: ThreadAnswer): void {
    const job = this.#threads.get(thread)
    this.#threads.set(thread, undefined)
    if ('rows' in answer) job?.answer.resolve(answer.rows)
    else job?.answer.reject(toPublicError(Object.assign(new Error(answer.error.message), { code: answer.error.code })))
    job?.done.resolve()
    this.#assign()
  }

  /** The next query starts another thread. */
  #ended(thread: Worker, cause: unknown): void {
    const job = this.#threads.get(thread)
    this.#threads.delete(thread)
    if (job) end(job, unavailable(cause ?? new Error('the thread of this query has ended')))
    this.#assign()
  }
}
