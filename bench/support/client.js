/**
 * A client that costs little, so that the server under it is never idle: connections that are kept, requests that are
 * written as bytes beforehand, and answers of which the status and an expected text are checked, each of them.
 */
import { connect } from 'node:net'

const endOfHead = Buffer.from('\r\n\r\n')
const endOfChunks = Buffer.from('0\r\n\r\n')
/** Milliseconds that an answer may take. */
const patience = 30_000

/** The bytes of a request. */
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
 * So many requests, one after the other on each connection, and as many connections at once as are given.
 * @param next the bytes of the next request
 * @param waits is given the milliseconds that each answer took
 * @param sharesCpu the client must leave its CPU to others
 * @returns milliseconds that all of them took
 * @throws at the first wrong answer
 */
export async function ask({ ports, connections, amount, next, expect, waits, sharesCpu = false }) {
  let left = amount
  const began = performance.now()
  const one = (index) => converse({ port: ports[index % ports.length], expect, waits, next: () => (left-- > 0 ? next() : undefined) })
  const fallAsleep = sharesCpu ? () => undefined : stayAwake()
  await Promise.all(Array.from({ length: Math.min(connections, amount) }, (_, index) => one(index))).finally(fallAsleep)
  return performance.now() - began
}

/** Waking a client that sleeps is booked on the server that answers it, and the slower a server the more often its client sleeps. */
function stayAwake() {
  let isAwake = true
  const turn = () => isAwake && setImmediate(turn)
  turn()
  return () => (isAwake = false)
}

/** Asks on one connection until there is no next request. */
function converse({ port, expect, waits, next }) {
  const wanted = Buffer.from(expect)
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
    socket.setTimeout(patience, () => fail('no answer'))
    socket.on('error', ({ message }) => fail(message))
    socket.on('end', () => fail('hung up'))
    socket.on('data', (chunk) => {
      answer = answer ? Buffer.concat([answer, chunk]) : chunk
      if (!isWhole(answer)) return
      if (answer.toString('latin1', 9, 12) !== '200' || !answer.includes(wanted)) return fail('a wrong answer')
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
