/**
 * Cache of one compressed revocation list. It is recomputed after a revocation or an expiry, at most once a second.
 * A request in between waits, so no response is older than its request.
 */
import { setTimeout } from 'node:timers/promises'

import { deploymentVersion, organizationVersion } from '../database/queries/revocations.js'
import type { QueryRunner } from '../database/query-runner.js'
import { startTimer, type Clock } from '../lib/clock.js'
import type { Issuer } from '../lib/issuer.js'
import { prepareDocument, type PreparedDocument } from '../lib/prepared-document.js'
import { RevocationSerializer } from './revocations.js'

/** Minimum milliseconds between two computations. */
export const revocationListIntervalMs = 1000

interface Computed {
  readonly document: PreparedDocument
  readonly version: string
  /** Milliseconds since 1970. */
  readonly nextExpiry: number
  /** Seconds since the computation. */
  readonly ageSeconds: () => number
}

export class RevocationList {
  #computed: Computed | undefined
  #running: Promise<PreparedDocument> | undefined
  #next: Promise<PreparedDocument> | undefined

  constructor(
    private readonly queryRunner: QueryRunner,
    private readonly clock: Clock,
    /** Null selects the list of the whole deployment. */
    private readonly issuer: Issuer | null,
  ) {}

  /** Returns the list as of this call or later. */
  current(): Promise<PreparedDocument> {
    // A running computation may have read before this caller's change. Concurrent callers share the next one.
    if (this.#running) return (this.#next ??= this.#running.then(this.#run, this.#run))
    return this.#run()
  }

  readonly #run = (): Promise<PreparedDocument> => {
    this.#next = undefined
    const running = this.#refresh().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #refresh(): Promise<PreparedDocument> {
    const computed = this.#computed
    const isUnexpired = computed !== undefined && computed.nextExpiry > this.clock().getTime()
    if (isUnexpired && computed.version === (await this.#version())) return computed.document
    if (computed) await setTimeout(Math.max(0, revocationListIntervalMs - computed.ageSeconds() * 1000))
    // Read the version before the rows: the next call then detects a revocation made while the rows are read.
    const version = await this.#version()
    const revocations = new RevocationSerializer(this.queryRunner, this.issuer, this.clock())
    const document = await prepareDocument(revocations.parts())
    this.#computed = { document, version, nextExpiry: revocations.nextExpiry, ageSeconds: startTimer() }
    return document
  }

  async #version(): Promise<string> {
    const { issuer } = this
    const row = await (issuer
      ? this.queryRunner.read(organizationVersion, [issuer.organizationId])
      : this.queryRunner.read(deploymentVersion, []))
    return String(row?.['version'])
  }
}
