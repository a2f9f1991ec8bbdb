/** A program for the variable BROWSER: it hands the address to this process, whose user agent signs in and consents. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { listen, type Listening } from './local-server.js'
import type { ClientWorld } from './oauth-clients.js'

export interface BrowserProgram extends Listening {
  readonly path: string
  /** Addresses that clients opened. */
  readonly opened: readonly string[]
}

export async function browserProgram(world: ClientWorld, folder: string): Promise<BrowserProgram> {
  const opened: string[] = []
  const listening = await listen(async ({ url }, response) => {
    const address = new URL(url!, 'http://browser').searchParams.get('address')!
    opened.push(address)
    await world.authorize(address)
    response.end()
  })
  const path = join(folder, 'browser')
  const program = `#!${process.execPath}\nfetch('${listening.origin}/?address=' + encodeURIComponent(process.argv[2]))\n`
  writeFileSync(path, program, { mode: 0o755 })
  return { ...listening, path, opened }
}
