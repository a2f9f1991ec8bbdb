/** Load generator for crash tests: records every acknowledged change, which must survive any crash. */
import { expect } from '@jest/globals'

import { AccessToken } from '../../src/entities/access-token.js'
import { ApiKey } from '../../src/entities/api-key.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { parseMasterKeys } from '../../src/lib/crypto/seal.js'
import { openValue } from '../../src/mcp/credentials/credential-value.js'
import { chainFaults, eventsOf } from './audit-trail.js'
import * as documents from './crash-documents.js'
import { entityManager, withDatabase } from './database-access.js'
import { sendGraphql } from './process.js'
import type { Payloads } from './results.js'

/** State of one resource as its caller knows it. `isOpen`: a change was sent and not yet answered, so the state is unknown. */
interface Known {
  readonly id: string
  isRevoked: boolean
  isOpen: boolean
}
interface KnownKey extends Known {
  secret: string
  readonly superseded: string[]
}
interface KnownToken extends Known {
  readonly token: string
  readonly key: KnownKey
}
interface KnownCredential extends Known {
  readonly value: string
}

export class CrashLoad {
  readonly keys: KnownKey[] = []
  readonly tokens: KnownToken[] = []
  readonly credentials: KnownCredential[] = []
  /** Distinct error codes of refused requests. */
  readonly refusals = new Set<string>()
  #serverId = ''
  #names = 0
  #checked = { keys: 0, tokens: 0, credentials: 0 }

  constructor(
    private readonly organizationId: string,
    private readonly root: string,
  ) {}

  get acknowledged(): number {
    return this.keys.length + this.tokens.length + this.credentials.length
  }

  async prepare(url: string): Promise<void> {
    this.#serverId = (await this.#ask<'createMcpServer'>(url, this.root, documents.createServer))!.server.id
  }

  /** Runs until the signal aborts or the server stops answering. */
  async run(url: string, signal: AbortSignal, callers = 6): Promise<void> {
    await Promise.all(
      Array.from({ length: callers }, async (_, i) => {
        try {
          while (!signal.aborted) await this.#runSequence(url, i)
        } catch (error) {
          // Matched by message: `instanceof` fails across realms, and a truncated response is a JSON error.
          if (!/fetch failed|terminated|JSON/.test(String(error))) throw error
        }
      }),
    )
  }

  /** A few changes that depend on each other. */
  async #runSequence(url: string, caller: number): Promise<void> {
    const n = ++this.#names
    const created = await this.#ask<'createApiKey'>(url, this.root, documents.createKey, { label: `${caller}-${n}` })
    if (!created) return
    const key: KnownKey = { id: created.apiKey.id, secret: created.secret, superseded: [], isRevoked: false, isOpen: false }
    this.keys.push(key)
    const token = await this.#exchange(url, key)
    if (token && n % 3 === 0) await this.#revoke(url, documents.revokeToken, token)
    if (n % 2 === 0) {
      key.isOpen = true
      const rotated = await this.#ask<'rotateApiKey'>(url, this.root, documents.rotateKey, { id: key.id })
      if (!rotated) return
      key.superseded.push(key.secret)
      key.secret = rotated.secret
      key.isOpen = false
      await this.#exchange(url, key)
    }
    const value = `value number ${n}`
    const input = { serverId: this.#serverId, auth: { bearerToken: value } }
    const stored = await this.#ask<'createMcpCredential'>(url, this.root, documents.store, { input })
    if (stored) {
      const credential: KnownCredential = { id: stored.credential.id, value, isRevoked: false, isOpen: false }
      this.credentials.push(credential)
      if (n % 3 === 1) await this.#revoke(url, documents.revokeStored, credential)
    }
    if (n % 3 !== 2) await this.#revoke(url, documents.revokeKey, key)
  }

  async #exchange(url: string, key: KnownKey): Promise<KnownToken | undefined> {
    const exchanged = await this.#ask<'exchangeApiKey'>(url, key.secret, documents.exchange)
    if (!exchanged) return undefined
    const token = { id: exchanged.accessToken.id, token: exchanged.token, key, isRevoked: false, isOpen: false }
    this.tokens.push(token)
    return token
  }

  async #revoke(url: string, query: string, known: Known): Promise<void> {
    known.isOpen = true
    if (!(await this.#ask(url, this.root, query, { id: known.id }))) return
    known.isRevoked = true
    known.isOpen = false
  }

  /** The mutation's payload; undefined if it was refused. */
  async #ask<Field extends keyof Payloads>(
    url: string,
    credential: string,
    query: string,
    variables: object = {},
  ): Promise<Payloads[Field] | undefined> {
    const { data, errors } = await sendGraphql<{ it?: Payloads[Field] } | undefined>(url, credential, query, variables)
    for (const { extensions } of errors ?? []) this.refusals.add(extensions.code)
    for (const { code } of data?.it?.userErrors ?? []) this.refusals.add(code)
    return data?.it && data.it.userErrors.length === 0 ? data.it : undefined
  }

  /** Checks through the running server everything that was acknowledged since the last check. */
  async check(url: string): Promise<void> {
    const { keys, tokens, credentials } = this.#checked
    this.#checked = { keys: this.keys.length, tokens: this.tokens.length, credentials: this.credentials.length }
    for (const key of this.keys.slice(keys)) {
      if (!key.isOpen) expect(await this.#verdict(url, key.secret)).toEqual([key.isRevoked ? 'REVOKED' : 'VALID', key.id])
      for (const old of key.superseded) expect((await this.#verdict(url, old))[0]).not.toBe('VALID')
    }
    for (const { id, token, key, isRevoked, isOpen } of this.tokens.slice(tokens)) {
      const { introspection } = await this.#askWithRetries<'introspectToken'>(url, documents.introspect, { token })
      if (isRevoked || key.isRevoked) expect(introspection).toEqual({ active: false, tokenId: null })
      else if (!isOpen && !key.isOpen) expect(introspection).toEqual({ active: true, tokenId: id })
    }
    for (const { id, isRevoked, isOpen } of this.credentials.slice(credentials)) {
      const { data } = await sendGraphql(url, this.root, 'query ($id: ID!) { node(id: $id) { ... on McpCredential { id status } } }', {
        id,
      })
      expect(data.node).toEqual({ id, status: isOpen ? expect.anything() : isRevoked ? 'REVOKED' : 'ACTIVE' })
    }
  }

  /** Retries up to ten times: a pooled connection that broke with the database fails on its first use. */
  async #askWithRetries<Field extends keyof Payloads>(url: string, query: string, variables: object): Promise<Payloads[Field]> {
    for (let tries = 1; tries <= 10; tries++) {
      const payload = await this.#ask<Field>(url, this.root, query, variables)
      if (payload) return payload
    }
    throw new Error(`refused ten times: ${[...this.refusals].join(', ')}`)
  }

  async #verdict(url: string, secret: string): Promise<[code: string, id: string | undefined]> {
    const { verdict } = await this.#askWithRetries<'verifyApiKey'>(url, documents.verify, { secret })
    return [verdict.code, verdict.apiKey?.id]
  }

  /** Checks everything directly in the database at the end, including the audit chain across all crashes. */
  async checkDatabase(env: Record<string, string>, masterKeyText: string): Promise<void> {
    await withDatabase(env, async (orm) => {
      const em = entityManager(orm, this.organizationId)
      expect(await chainFaults(orm, this.organizationId)).toEqual([])
      const events = await eventsOf(orm, this.organizationId)
      const recorded = (action: string): string[] =>
        events.filter((event) => event.action === action && event.outcome === 'ALLOWED').map(({ subjectId }) => subjectId!)
      // Every acknowledged row exists, and every row has an audit event.
      const kinds = [
        [ApiKey, 'api_key:create', this.keys],
        [AccessToken, 'api_key:exchange', this.tokens],
        [McpCredential, 'mcp_credential:create', this.credentials],
      ] as const
      for (const [entity, action, known] of kinds) {
        const ids = (await em.find<{ id: string }>(entity, {})).map(({ id }) => id)
        expect(ids.toSorted()).toEqual(recorded(action).toSorted())
        const stored = new Set(ids)
        expect(known.filter(({ id }) => !stored.has(id))).toEqual([])
      }
      const rows = new Map((await em.find(McpCredential, {})).map((row) => [row.id, row]))
      const masterKeys = parseMasterKeys(masterKeyText)
      for (const { id, value, isRevoked, isOpen } of this.credentials) {
        const row = rows.get(id)!
        if (isRevoked) expect(row.sealedValue).toBeNull()
        else if (!isOpen || row.sealedValue !== null) expect(openValue(masterKeys, row)).toEqual({ authorization: `Bearer ${value}` })
      }
    })
  }
}
