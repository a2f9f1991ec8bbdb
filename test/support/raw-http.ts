/** Raw TCP client for HTTP requests that no conforming client would send. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawResponse {
  readonly status: number
  /** Lower-case names; repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly text: string
}

export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  // A server that closes early resets the connection during the upload; its response before that is what counts.
  socket.on('error', () => undefined)
  return socket
}

/** Reads until the server closes the connection. @throws Error if it does not within `timeoutMs` */
export async function readUntilClose(socket: Socket, timeoutMs = 10_000): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<'ended'>((resolve) => {
    socket.once('close', () => resolve('ended'))
  })
  let timer: NodeJS.Timeout | undefined
  const timedOut = new Promise<'timedOut'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'timedOut')
  })
  const outcome = await Promise.race([ended, timedOut])
  clearTimeout(timer)
  socket.destroy()
  if (outcome === 'timedOut') throw new Error(`no end of the answer: ${Buffer.concat(chunks).toString('latin1')}`)
  return Buffer.concat(chunks).toString('utf8')
}

export function parseResponse(text: string): RawResponse {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).toLowerCase()
    headers[name] = name in headers ? `${headers[name]}, ${line.slice(at + 1).trim()}` : line.slice(at + 1).trim()
  }
  return { status: Number(first.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n'), text }
}

/** Sends exactly these bytes and reads the response until the server closes the connection. */
export async function sendRaw(url: string, bytes: string | Buffer, options: { isHalfClosed?: boolean } = {}): Promise<RawResponse> {
  const socket = await openSocket(url)
  const response = readUntilClose(socket)
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  if (options.isHalfClosed) socket.end()
  return parseResponse(await response)
}

/** The text of a request with these header lines and `Connection: close`. */
export const requestText = (lines: readonly string[], body: string, method = 'POST', path = '/graphql'): string =>
  [`${method} ${path} HTTP/1.1`, ...lines, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')

/** A request whose last byte is still to come, so that it is in flight for as long as the test likes. */
export async function unfinished(url: string, key: string, query: string): Promise<{ finish(): void; answer: Promise<string> }> {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const body = JSON.stringify({ query })
  const head = ['POST /graphql HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', `Authorization: Bearer ${key}`]
  socket.write(`${[...head, `Content-Length: ${body.length}`, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`)
  // The server answers this once it has begun with the request.
  await once(socket, 'data')
  socket.write(body.slice(0, -1))
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { finish: () => void socket.write(body.slice(-1)), answer: once(socket, 'close').then(() => text) }
}

/** Whether nothing listens there any more. */
export const isRefused = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    () => false,
    () => true,
  )
