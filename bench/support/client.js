/**
 * HTTP load client with little overhead, so that the server is never idle: keep-alive connections, requests serialized
 * beforehand, and a check of each response's status and of an expected text.
 */
import { connect } from 'node:net'

const endOfHead = Buffer.from('\r\n\r\n')
const endOfChunks = Buffer.from('0\r\n\r\n')
const responseTimeoutMs = 30_000

/** Serializes a request. */
export function requestOf({ method = 'GET', path, headers = {}, body, text = body && JSON.stringify(body) }) {
  const all = {
    host: '127.0.0.1',
    ...(body ? { 'content-type': 'application/json' } : {}),
    ...headers,
    ...(text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text ?? ''}`)
}

/**
 * Sends `amount` requests over `connections` parallel connections, sequentially on each.
 * @param next returns the bytes of the next request
 * @param waits array that receives the latency of each response in milliseconds
 * @param sharesCpu whether the client must leave its CPU to other processes
 * @returns total time in milliseconds
 * @throws Error at the first wrong response
 */
export async function ask({ ports, connections, amount, next, expect, waits, sharesCpu = false }) {
  let left = amount
  const began = performance.now()
  const one = (index) => converse({ port: ports[index % ports.length], expect, waits, next: () => (left-- > 0 ? next() : undefined) })
  const stopSpinning = sharesCpu ? () => undefined : spin()
  await Promise.all(Array.from({ length: Math.min(connections, amount) }, (_, index) => one(index))).finally(stopSpinning)
  return performance.now() - began
}

/** Keeps the event loop busy. Waking a sleeping client costs the server CPU time, and clients of slow servers sleep more often. */
function spin() {
  let isSpinning = true
  const turn = () => isSpinning && setImmediate(turn)
  turn()
  return () => (isSpinning = false)
}

/** Sends requests on one connection until `next` returns none. */
function converse({ port, expect, waits, next }) {
  const expected = Buffer.from(expect)
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay()
    let answer
    let sentAt
    const fail = (why) => {
      socket.destroy()
      reject(new Error(`void: ${why}: ${answer?.toString().slice(0, 500) ?? ''}`))
    }
    const send = () => {
      const request = next()
      if (!request) {
        socket.end(resolve)
        return
      }
      answer = undefined
      sentAt = waits && performance.now()
      socket.write(request)
    }
    socket.setTimeout(responseTimeoutMs, () => fail('no answer'))
    socket.on('error', ({ message }) => fail(message))
    socket.on('end', () => fail('hung up'))
    socket.on('data', (chunk) => {
      answer = answer ? Buffer.concat([answer, chunk]) : chunk
      if (!isWhole(answer)) return
      if (answer.toString('latin1', 9, 12) !== '200' || !answer.includes(expected)) return fail('a wrong answer')
      waits?.push(performance.now() - sentAt)
      send()
    })
    socket.on('connect', send)
  })
}

function isWhole(answer) {
  const end = answer.indexOf(endOfHead)
  if (end < 0) return false
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(answer.toString('latin1', 0, end)) ?? []
  if (length === undefined) return answer.subarray(-5).equals(endOfChunks)
  return answer.length >= end + 4 + Number(length)
}
