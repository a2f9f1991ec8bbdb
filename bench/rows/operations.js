/** Measures the most frequent operations against comparable programs: CPU time of the server per request, on one core. */
import Database from 'better-sqlite3'

import { requestOf } from '../support/client.js'
import { interleave, inWords, ratio, trendOf, typical } from '../support/measure.js'
import { end, startContender } from '../support/processes.js'

export const contenders = {
  keyhouse: 'Keyhouse',
  bare: 'bare node:http',
  'better-auth': 'better-auth',
  'oidc-provider': 'oidc-provider',
  'by-the-book': 'by the book',
}

/** Per operation: the contenders to compare with, and Keyhouse's goal as a ratio. */
export const operations = {
  exchange: [
    { against: 'bare', says: '`exchangeApiKey` beside a bare `node:http` program that records the same', atLeast: 0.55 },
    { against: 'better-auth', says: '… beside better-auth, key → JWT', atLeast: 10 },
    { against: 'oidc-provider', says: "… beside oidc-provider's client_credentials, which records nothing durable", atLeast: 1 },
  ],
  verify: [{ against: 'better-auth', says: "`verifyApiKey` beside better-auth's verify", atLeast: 8 }],
  viewer: [{ against: 'bare', says: '`viewer` with a key beside bare `node:http` with the same look-up', atLeast: 0.45 }],
  list: [{ against: 'by-the-book', says: '`apiKeys(first: 50)`, 10 fields, beside `em.find` and graphql-js by the book', atLeast: 4 }],
}

/** Validates one response of each contender, to ensure that all do the same work. */
const checks = {
  exchange: ({ data, token, access_token: accessToken }) => {
    const [head, claims] = (data?.exchangeApiKey.token ?? token ?? accessToken).split('.').map((part) => Buffer.from(part, 'base64url'))
    return JSON.parse(head).alg === 'ES256' && JSON.parse(claims).exp * 1000 > Date.now()
  },
  verify: ({ data, valid }) => (data?.verifyApiKey.verdict.valid ?? valid) === true,
  viewer: ({ data, ...own }) => ['kind', 'environment', 'permissions', 'expiresAt'].every((field) => field in (data?.viewer ?? own)),
  list: ({ data }) => data.apiKeys.nodes.length === 50 && data.apiKeys.nodes.every((node) => Object.keys(node).length === 10),
}

export async function measureOperations(names, { rounds, windowMs, say, only }) {
  const needed = new Set(names.flatMap((name) => ['keyhouse', ...operations[name].map(({ against }) => against)]))
  const running = []
  try {
    for (const name of needed) if (!only || only.includes(name)) running.push(await startContender(name))
    const results = []
    for (const name of names) results.push(...(await compare(name, running, { rounds, windowMs, say })))
    return results
  } finally {
    await Promise.all(running.map(end))
  }
}

async function compare(operation, running, { rounds, windowMs, say }) {
  const subjects = running.filter(({ scenarios }) => operation in scenarios).map((one) => subjectOf(one, operation))
  for (const subject of subjects) await validateResponse(subject, checks[operation])
  const windows = await interleave(subjects, { rounds, windowMs })
  for (const subject of subjects) if (operation === 'exchange') assertRecorded(subject)
  const typically = new Map([...windows].map(([name, some]) => [name, typical(some)]))
  for (const [name, one] of typically)
    say(`${operation}: ${contenders[name]} ${inWords(one)}, trend ${trendOf(windows.get(name)).toFixed(2)}`)
  const [own, ofOwn] = [typically.get('keyhouse'), windows.get('keyhouse')]
  return operations[operation]
    .filter(({ against }) => own && windows.has(against))
    .map(({ against, says, atLeast }) => ({
      says,
      own: `${own.cpu.toFixed(0)} µs`,
      other: `${typically.get(against).cpu.toFixed(0)} µs`,
      value: ratio(windows.get(against), ofOwn, ({ cpu }) => cpu),
      unit: '×',
      atLeast,
    }))
}

function subjectOf({ name, child, port, directory, scenarios }, operation) {
  const { expect, ...request } = scenarios[operation]
  const bytes = requestOf(request)
  return { name, directory, request, expect, children: [child], ports: [port], next: () => bytes }
}

async function validateResponse(subject, check) {
  const { method = 'GET', path, headers, body, text } = subject.request
  const response = await fetch(`http://127.0.0.1:${subject.ports[0]}${path}`, {
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(method === 'GET' ? {} : { body: text ?? JSON.stringify(body) }),
  })
  subject.sent = 1
  if (!check(await response.json())) throw new Error(`void: ${subject.name} did not do what was asked`)
}

/** A contender with a database must have recorded each exchange as a token and an audit event. @throws Error otherwise */
function assertRecorded({ name, directory, sent }) {
  if (name !== 'keyhouse' && name !== 'bare') return
  const db = new Database(`${directory}/keyhouse.db`, { readonly: true })
  const sum = (sql) => db.prepare(sql).pluck().get()
  const recorded = [
    sum('select count(*) from access_token'),
    sum(`select count(*) from audit_event where action = 'api_key:exchange' and outcome = 'ALLOWED'`),
  ]
  db.close()
  if (recorded.some((count) => count !== sent))
    throw new Error(`void: ${name} answered ${sent} exchanges and recorded ${recorded.join(' and ')}`)
}
