/**
 * One revocation list, kept compressed. It is computed after a change or an expiry only, and at most once a second; a
 * request in between waits, so no answer is older than its request.
 */
import { setTimeout } from 'node:timers/promises'

import { deploymentVersion, organizationVersion } from '../database/queries/revocations.js'
import type { QueryRunner } from '../database/query-runner.js'
import { startTimer, type Clock } from '../lib/clock.js'
import type { Issuer } from '../lib/issuer.js'
import { prepareDocument, type PreparedDocument } from '../lib/prepared-document.js'
import { Revocations } from './revocations.js'

/** Milliseconds between two computations. */
export const revocationListInterval = 1000

interface Computed {
  readonly document: PreparedDocument
  readonly version: string
  /** Milliseconds since 1970. */
  readonly nextExpiry: number
  /** Seconds since it was computed. */
  readonly age: () => number
}

export class RevocationList {
  #computed: Computed | undefined
  #running: Promise<PreparedDocument> | undefined
  #next: Promise<PreparedDocument> | undefined

  constructor(
    private readonly reader: QueryRunner,
    private readonly clock: Clock,
    /** Null: the deployment's. */
    private readonly issuer: Issuer | null,
  ) {}

  /** The list as it is at this call or later. */
  current(): Promise<PreparedDocument> {
    // What runs already may have read before the change that this caller knows of. All who come meanwhile share the next.
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
    const known = this.#computed
    if (known && known.nextExpiry > this.clock().getTime() && known.version === (await this.#version())) return known.document
    if (known) await setTimeout(Math.max(0, revocationListInterval - known.age() * 1000))
    // The version first: what changes while the rows are read is found at the next look.
    const version = await this.#version()
    const revocations = new Revocations(this.reader, this.issuer, this.clock())
    const document = await prepareDocument(revocations.parts())
    this.#computed = { document, version, nextExpiry: revocations.nextExpiry, age: startTimer() }
    return document
  }

  async #version(): Promise<string> {
    const { issuer } = this
    const row = await (issuer ? this.reader.read(organizationVersion, [issuer.organizationId]) : this.reader.read(deploymentVersion, []))
    return String(row?.['version'])
  }
}
