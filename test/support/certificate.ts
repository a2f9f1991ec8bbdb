/** Certificates, and a TLS server with a self-signed one, generated at run time so that no private key is in the repository. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

import type { Listening } from './local-server.js'

/** Encodes one value in DER (ITU-T X.690 §8.1). */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body])
}
const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts)
const integer = (value: number): Buffer => der(0x02, Buffer.from([value]))
const utcTime = (text: string): Buffer => der(0x17, Buffer.from(text))
/** Object identifiers of ecdsa-with-SHA256 (RFC 5758) and commonName (RFC 5280). */
const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(name)))))

/** Object identifier of subjectAltName (RFC 5280 §4.2.1.6). */
const subjectAltName = der(0x06, Buffer.from('551d11', 'hex'))

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** A root, which may sign others. */
export interface Authority extends Certificate {
  readonly name: Buffer
  readonly privateKey: KeyObject
}

interface CertificateOptions {
  readonly issuer?: Authority
  /** DNS name in the subjectAltName. */
  readonly host?: string
  readonly expires?: string
}

/** An X.509 certificate in PEM (RFC 5280 §4.1): version 1 and self-signed, or version 3 for a host and signed by the issuer. */
export function certificate(commonNameText: string, { issuer, host, expires = '491231235959Z' }: CertificateOptions = {}): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = commonName(commonNameText)
  const validity = sequence(utcTime('200101000000Z'), utcTime(expires))
  const fields = [ecdsaWithSha256, issuer?.name ?? name, validity, name, publicKey.export({ format: 'der', type: 'spki' })]
  const hosts = host === undefined ? undefined : sequence(der(0x82, Buffer.from(host)))
  const body = hosts
    ? sequence(der(0xa0, integer(2)), integer(2), ...fields, der(0xa3, sequence(sequence(subjectAltName, der(0x04, hosts)))))
    : sequence(integer(1), ...fields)
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, issuer?.privateKey ?? privateKey))
  const text = sequence(body, ecdsaWithSha256, signature).toString('base64')
  return {
    name,
    privateKey,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${text.replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
  }
}

export async function untrustedServer(): Promise<Listening & { requests(): number }> {
  let requests = 0
  const server = createServer(certificate('127.0.0.1'), (_incoming, response) => {
    requests++
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
