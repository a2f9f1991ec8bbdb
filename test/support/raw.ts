/** Speaks to the server byte by byte, as no well-behaved client would. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Lower-case names; repeated ones joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly text: string
}

export async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  // A server that hangs up early resets the rest of what is being sent; what it said before is what counts.
  socket.on('error', () => undefined)
  return socket
}

/** All that is said until the connection ends or is quiet after an answer. */
export async function hear(socket: Socket, patience = 10_000): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<'ended'>((resolve) => {
    socket.once('close', () => resolve('ended'))
  })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, patience, 'late')
  })
  const how = await Promise.race([ended, late])
  clearTimeout(timer)
  socket.destroy()
  if (how === 'late') throw new Error(`no end of the answer: ${Buffer.concat(chunks).toString('latin1')}`)
  return Buffer.concat(chunks).toString('utf8')
}

export function readAnswer(text: string): RawAnswer {
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

/** Sends exactly these bytes, and reads what comes back until the server hangs up. */
export async function say(url: string, bytes: string | Buffer, options: { isHalfClosed?: boolean } = {}): Promise<RawAnswer> {
  const socket = await dial(url)
  const heard = hear(socket)
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  if (options.isHalfClosed) socket.end()
  return readAnswer(await heard)
}

/** A request with these header lines; the connection closes after it. */
export const requestOf = (lines: readonly string[], body: string, method = 'POST', path = '/graphql'): string =>
  [`${method} ${path} HTTP/1.1`, ...lines, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')
