/** Runs nginx and Caddy with the configurations of examples/operations, on other ports and with a certificate of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { certificate } from './certificate.js'
import { freePort } from './local-server.js'
import { canRun, root } from './shell.js'
import { waitFor } from './wait-for.js'

export const host = 'keys.example.com'

const authority = certificate('Test authority')
const own = certificate(host, { issuer: authority, host })

export interface Received {
  readonly status: number
  readonly text: string
}

export interface ReverseProxy {
  /** `onData` is called with each part of the body as it arrives. */
  send(path: string, options?: { body?: object; headers?: Record<string, string>; onData?: (part: string) => void }): Promise<Received>
  close(): Promise<void>
}

interface Setup {
  readonly folder: string
  readonly port: string
  readonly ports: readonly string[]
}

/** @throws Error if the configuration lacks one of the texts */
function replaceAll(file: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(root, 'examples/operations', file), 'utf8')
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

const replicaPorts = ([first, second]: readonly string[]): Record<string, string> => ({
  '127.0.0.1:4001': `127.0.0.1:${first}`,
  '127.0.0.1:4002': `127.0.0.1:${second}`,
})

const commands = {
  nginx({ folder, port, ports }: Setup): string[] {
    writeFileSync(
      join(folder, 'keyhouse.conf'),
      replaceAll('nginx.conf', {
        ...replicaPorts(ports),
        'listen 443 ': `listen 127.0.0.1:${port} `,
        '/etc/ssl/keyhouse/fullchain.pem': join(folder, 'cert.pem'),
        '/etc/ssl/keyhouse/privkey.pem': join(folder, 'key.pem'),
      }),
    )
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`).join(' ')
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; events {} http { access_log off; ${temporary} include ${folder}/keyhouse.conf; }`,
    )
    return ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')]
  },

  caddy({ folder, port, ports }: Setup): string[] {
    const site = `https://${host}:${port} {\n\tbind 127.0.0.1\n\ttls ${folder}/cert.pem ${folder}/key.pem`
    const text = replaceAll('Caddyfile', { ...replicaPorts(ports), [`${host} {`]: site })
    writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${folder}\n}\n${text}`)
    return ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
  },
}

export type ProxyName = keyof typeof commands

export const isInstalled = (name: ProxyName): boolean => canRun(name, [name === 'nginx' ? '-v' : 'version'])

/** Starts the proxy before the replicas at these ports. */
export async function startProxy(name: ProxyName, ports: readonly string[]): Promise<ReverseProxy> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`))
  const port = await freePort()
  writeFileSync(join(folder, 'cert.pem'), own.cert)
  writeFileSync(join(folder, 'key.pem'), own.key)
  const child = spawn(name, commands[name]({ folder, port, ports }), { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (part: Buffer) => (log += part.toString()))
  const ended = once(child, 'close')
  const proxy: ReverseProxy = {
    send: (path, { body, headers, onData } = {}) =>
      new Promise((resolve, reject) => {
        const address = { host: '127.0.0.1', port, servername: host, ca: authority.cert, path, agent: false } as const
        const sent = { host, ...(body ? { 'content-type': 'application/json' } : {}), ...headers }
        const outgoing = request({ method: body ? 'POST' : 'GET', ...address, headers: sent }, (response) => {
          let text = ''
          response.on('data', (part: Buffer) => {
            text += part.toString()
            onData?.(part.toString())
          })
          response.once('end', () => resolve({ status: response.statusCode!, text }))
        })
        outgoing.once('error', reject)
        outgoing.end(body && JSON.stringify(body))
      }),
    async close() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
  let refused: unknown
  const isReady = async (): Promise<boolean> => {
    try {
      return (await proxy.send('/readyz')).status === 200
    } catch (error) {
      refused = error
      return false
    }
  }
  try {
    await waitFor(async () => child.exitCode !== null || (await isReady()))
  } catch {
    child.kill('SIGKILL')
  }
  if (child.exitCode !== null || child.killed) throw new Error(`${name} does not start: ${String(refused)} ${log}`)
  return proxy
}
