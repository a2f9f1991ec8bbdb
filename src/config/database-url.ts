/** Reads DATABASE_URL, and checks the files that it names for TLS. */
import { accessSync, constants } from 'node:fs'
import { isIP } from 'node:net'

import type { EnvReader } from './env-reader.js'

/** Modes that verify the server's certificate. */
const verifyingModes = ['prefer', 'require', 'verify-ca', 'verify-full']

const fileParameters = ['sslrootcert', 'sslcert', 'sslkey']

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

export function readDatabaseUrl(reader: EnvReader): string | undefined {
  const text = reader.text('DATABASE_URL')
  if (text === undefined) return undefined
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    reader.rejectVariable(
      'DATABASE_URL',
      'must be of the form postgres://user:password@host:5432/database; omit it to use SQLite in the data directory',
    )
    return text
  }
  const { searchParams, hostname } = new URL(text)
  // pg would verify the name "localhost" in place of the address.
  if (verifyingModes.includes(searchParams.get('sslmode') ?? '') && isIP(hostname.replaceAll(/[[\]]/g, '')) > 0)
    reader.rejectVariable('DATABASE_URL', 'needs a host name, not an IP address, to verify the certificate of the database')
  for (const name of fileParameters) {
    const file = searchParams.get(name)
    if (file !== null && !isReadable(file))
      reader.rejectVariable('DATABASE_URL', `${name} must be the path of a file that Keyhouse can read`)
  }
  return text
}
