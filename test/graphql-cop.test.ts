/** Findings of graphql-cop, an auditor of GraphQL servers: none may apply. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp, type AnswerBody } from './support/app.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ KEYHOUSE_INTROSPECTION: 'off' })
})
afterAll(() => app.close())

interface Heard {
  readonly text: string
  /** Undefined when it is no JSON. */
  readonly body: AnswerBody<Readonly<Record<string, unknown>> | null>
}

async function hear(path: string, init?: RequestInit): Promise<Heard> {
  const text = await (await fetch(`${app.url}${path}`, init)).text()
  return { text, body: /^[[{]/.test(text) ? JSON.parse(text) : undefined }
}

const post = (payload: object): Promise<Heard> =>
  hear('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) })
const ask = (query: string): Promise<Heard> => post({ query })
const inUrl = (query: string): string => `/graphql?${new URLSearchParams({ query }).toString()}`
const executed = ({ body }: Heard): boolean => body?.data != null
const times = (count: number, text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join(' ')

/** Each answers whether there is something to report. */
const findings: Record<string, () => Promise<boolean>> = {
  'alias overloading': async () => (await ask(`{ ${times(101, (i) => `a${i}: __typename`)} }`)).body.data?.['a100'] !== undefined,

  'batch queries': async () => {
    const { body } = await post(Array.from({ length: 11 }, () => ({ query: '{ __typename }' })))
    return Array.isArray(body) || body.data !== undefined
  },

  'field duplication': async () => executed(await ask(`{ ${times(500, () => '__typename')} }`)),

  'directive overloading': async () => {
    const { body } = await ask(`{ __typename ${times(10, () => '@aa')} }`)
    return body.errors === undefined || body.errors.length >= 10
  },

  'circular query by introspection': async () => {
    const { body } = await ask(`{ __schema { types { ${'fields { type { '.repeat(4)} name ${'} }'.repeat(4)} } } }`)
    return body.data !== undefined
  },

  'queries by GET (CSRF)': async () => executed(await hear(inUrl('{ __typename }'))),

  'mutations by GET (CSRF)': async () => {
    const preflighted = { 'apollo-require-preflight': '1' }
    const mutation = inUrl('mutation { __typename }')
    return executed(await hear(mutation)) || executed(await hear(mutation, { headers: preflighted }))
  },

  'queries by POST that are no JSON (CSRF)': async () => {
    const form = new URLSearchParams({ query: '{ __typename }' })
    return (
      executed(await hear('/graphql', { method: 'POST', body: form })) || executed(await hear(inUrl('{ __typename }'), { method: 'POST' }))
    )
  },

  'field suggestions': async () =>
    /did you mean/i.test((await ask('{ __schema { directive } }')).text) || /did you mean/i.test((await ask('{ viewe }')).text),

  introspection: async () => (await ask('{ __schema { types { name } } }')).body.data !== undefined,

  'an explorer': async () => {
    const accept = { accept: 'text/html' }
    const pages = await Promise.all(
      ['/graphiql', '/playground', '/console', '/graphql', '/explorer'].flatMap((path) => [hear(path), hear(path, { headers: accept })]),
    )
    return pages.some(({ text }) => /graphi?ql[ -]?playground|graphiql|sandbox|<html/i.test(text))
  },

  'tracing, debugging': async () => {
    const texts = [await ask('{ __typename }'), await ask('{ viewer { kind } }'), await ask('{')].map(({ text }) => text)
    return texts.some((text) => /tracing|stacktrace|"exception"/i.test(text))
  },

  'circular fragments': async () => {
    const document = '{ viewer { ...A } } fragment A on Viewer { kind ...B } fragment B on Viewer { ...A }'
    return (await ask(document)).body.errors === undefined
  },

  'unhandled errors': async () => {
    const { body } = await ask('qwerty cop { abc }')
    return body.errors[0].extensions.exception !== undefined || body.errors[0].extensions.code === 'INTERNAL_SERVER_ERROR'
  },
}

test.each(Object.entries(findings))('graphql-cop finds no %s', async (_name, isFound) => {
  expect(await isFound()).toBe(false)
})
