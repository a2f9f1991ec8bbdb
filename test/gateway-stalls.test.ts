/** Event loop stalls by messages, answers and credentials of the maximum size and the worst shape. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { redactionText } from '../src/lib/redact/redact.js'
import { measureStall } from './support/event-loop-stall.js'
import { Gateway, defaultToolAnswer } from './support/gateway.js'

const size = 4_194_304
const maxStall = 250

let world: Gateway
let key: string
let asked: string
let open: string
let keyOfAll: string

beforeAll(async () => {
  world = await Gateway.start()
  ;[asked, open] = await Promise.all([world.server({ requireApproval: 'ALWAYS' }), world.server()])
  for (const id of [asked, open]) await world.credential(id, { bearerToken: 'a-token-of-some-length' })
  key = (await world.agent()).secret
  keyOfAll = world.acme.sandboxKey
})
afterAll(() => world.close())
beforeEach(() => world.upstream.reset())

const callOf = (inner: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"n":${inner}}}}`
const fill = (unit: string, length: number): string => unit.repeat(Math.floor(length / unit.length))
const listOf = (unit: string, length: number): string => `[${fill(unit, length).slice(0, -1)}]`

async function send(serverId: string, body: string, by = key): Promise<{ text: string; longestMs: number }> {
  const { result, longestMs } = await measureStall(async () => {
    const response = await world.fetch(serverId, by, { body })
    return response.text()
  })
  return { text: result, longestMs }
}

describe('a call with', () => {
  const frame = callOf('').length
  const shapes: readonly (readonly [name: string, inner: string, asked: RegExp, open: RegExp])[] = [
    [
      'one number',
      `1${'0'.repeat(size - frame - 2)}1`,
      /A number must have at most 1100 characters/,
      /A number must have at most 1100 characters/,
    ],
    ['numbers as long as may be', listOf(`1${'0'.repeat(1098)}1,`, size - frame), /at most 65536 bytes/, /"done"/],
    ['numbers that keep their digits', listOf('1.0,', size - frame), /at most 65536 bytes/, /"done"/],
    ['empty objects', listOf('{},', size - frame), /at most 65536 bytes/, /"done"/],
    ['one string of escapes', `"${fill('\\n', size - frame - 2)}"`, /at most 65536 bytes/, /"done"/],
  ]

  test.each(shapes)('%s that needs approval', async (_name, inner, expected) => {
    const { text, longestMs } = await send(asked, callOf(inner))
    expect(text).toMatch(expected)
    expect(longestMs).toBeLessThan(maxStall)
  })

  test.each(shapes)('%s that needs none', async (_name, inner, _asked, expected) => {
    world.upstream.answer = defaultToolAnswer
    const { text, longestMs } = await send(open, callOf(inner))
    expect(text).toMatch(expected)
    expect(longestMs).toBeLessThan(maxStall)
  })
})

const answerWith = (type: string, text: string): void => {
  world.upstream.answer = ({ response }) => void response.writeHead(200, { 'content-type': type }).end(text)
}
const resultOf = (inner: string): string => `{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":${inner}}}`

describe('an answer with', () => {
  const frame = resultOf('').length
  const tool = '{"name":"a"},'
  const shapes: readonly (readonly [name: string, answer: string])[] = [
    ['numbers that keep their digits', resultOf(listOf('1.0,', size - frame))],
    ['empty lists', resultOf(listOf('[],', size - frame))],
    ['names', resultOf(`{${Array.from({ length: 200_000 }, (_, i) => `"name-${i}":1`).join(',')}}`)],
    ['one string of escapes', resultOf(`"${fill(String.raw`\\u0061`, size - frame - 2)}"`)],
    ['a batch of nothing', listOf('[],', size)],
    ['tools', `{"jsonrpc":"2.0","id":1,"result":{"tools":${listOf(tool, size - 100)}}}`],
  ]

  test.each(shapes)('%s, as JSON', async (_name, answer) => {
    answerWith('application/json', answer)
    const { text, longestMs } = await send(open, callOf('1'))
    // Compared as a whole: the texts are too long to be shown.
    expect(text === answer).toBe(true)
    expect(longestMs).toBeLessThan(maxStall)
  })

  test.each([shapes[0]!, shapes.at(-1)!])('%s, as an event', async (_name, answer) => {
    answerWith('text/event-stream', `data: ${answer}\n\n`)
    const { text, longestMs } = await send(open, callOf('1'))
    expect(text === `data: ${answer}\n\n`).toBe(true)
    expect(longestMs).toBeLessThan(maxStall)
  })

  test('events of a byte each', async () => {
    answerWith('text/event-stream', `${'data:1\n\n'.repeat(100_000)}data: ${resultOf('1')}\n\n`)
    const { text, longestMs } = await send(open, callOf('1'))
    expect(text).toHaveLength('data: 1\n\n'.length * 100_000 + `data: ${resultOf('1')}\n\n`.length)
    expect(longestMs).toBeLessThan(maxStall)
  })

  test('tools, for a key that may call one of many', async () => {
    const few = await world.acme.apiKey({
      permissions: ['mcp_server:use', ...Array.from({ length: 99 }, (_, i) => `mcp_tool:tool-${i}`)],
    })
    answerWith('application/json', shapes.at(-1)![1])
    const { text, longestMs } = await send(open, callOf('1').replace('"echo"', '"tool-1"'), few.secret)
    expect(text).toBe('{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}')
    expect(longestMs).toBeLessThan(maxStall)
  })
})

describe('a credential of', () => {
  const long = Array.from({ length: 7000 }, (_, i) => String.fromCharCode(33 + ((i * i + (i >> 5)) % 94))).join('')
  const headers = Array.from({ length: 32 }, (_, i) => ({ name: `x-${i}`, value: `${'a'.repeat(400)}${i}` }))
  const credentials: readonly (readonly [name: string, auth: object, text: string, holdsSecret: boolean])[] = [
    ['one letter, in as many', { bearerToken: 'a'.repeat(4000) }, 'a'.repeat(200_000), true],
    ['one letter, in as many as may be', { bearerToken: 'a'.repeat(4000) }, 'a'.repeat(4_000_000), true],
    ['one letter that begins with another', { bearerToken: `b${'a'.repeat(8191)}` }, 'a'.repeat(4_000_000), false],
    ['7,000 lawful characters', { bearerToken: long }, JSON.stringify({ authorization: `Bearer ${long}` }), true],
    ['32 headers that begin alike', { headers }, `${'a'.repeat(399)}b`.repeat(10_000), false],
  ]

  test.each(credentials)('%s', async (_name, auth, inner, holdsSecret) => {
    const own = await world.server()
    await world.credential(own, auth)
    const answer = resultOf(JSON.stringify(inner))
    answerWith('application/json', answer)
    const { text, longestMs } = await send(own, callOf('1'), keyOfAll)
    if (holdsSecret) expect(JSON.parse(text).result.structuredContent).toContain(redactionText)
    else expect(text === answer).toBe(true)
    expect(longestMs).toBeLessThan(maxStall)
  })
})
