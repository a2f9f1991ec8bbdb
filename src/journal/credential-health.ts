/** Collects the health of MCP credentials in memory for the background writer. */
import { setMcpCredentialHealth } from '../database/queries/last-used.js'
import type { BackgroundStatement } from './journal.js'
import type { Batch, CredentialResponse, WriteBehindSource } from './write-behind.js'

/** Undefined for a status that tells nothing about the credential, such as 404 or 503. */
function toHealth(httpStatus: number): 'OK' | 'FAILING' | undefined {
  if (httpStatus === 401 || httpStatus === 403) return 'FAILING'
  return httpStatus >= 200 && httpStatus < 300 ? 'OK' : undefined
}

/** Write-behind source of the latest response to each credential. */
export class CredentialHealth implements WriteBehindSource {
  readonly name = 'health of credentials'
  #statements = new Map<string, BackgroundStatement>()

  record({ credential: { id, version }, httpStatus, at }: CredentialResponse): void {
    const health = toHealth(httpStatus)
    if (!health) return
    const parameters = [health, at, health, httpStatus, id, version, health, httpStatus, at]
    this.#statements.set(id, { sql: setMcpCredentialHealth, parameters })
  }

  get size(): number {
    return this.#statements.size
  }

  drain(): Batch[] {
    const drained = this.#statements
    this.#statements = new Map()
    if (drained.size === 0) return []
    // Sorted by id: processes that lock the same rows in different orders would deadlock.
    const statements = [...drained].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, statement]) => statement)
    const requeue = (): void => {
      this.#statements = new Map([...drained, ...this.#statements])
    }
    return [{ changes: { statements }, requeue }]
  }
}
