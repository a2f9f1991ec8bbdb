/** Redirect URIs as real clients register and use them: exact, but for the port of three loopback hosts. */
import { expect, test } from '@jest/globals'

import {
  isLoopbackRedirect,
  matchesRedirectUri,
  maxRedirectUriLength,
  privateUseScheme,
  redirectHost,
  validateRedirectUri,
} from '../../src/oauth/clients/redirect-uri.js'

const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback'

test.each([
  // Claude Code's document has no port, and the client listens on any.
  ['http://localhost/callback', 'http://localhost:54321/callback'],
  ['http://127.0.0.1:33418/', 'http://127.0.0.1:1/'],
  ['http://[::1]/cb?a=1', 'http://[::1]:65535/cb?a=1'],
  ['http://localhost:1/callback', 'http://localhost/callback'],
  ['https://vscode.dev/redirect', 'https://vscode.dev/redirect'],
  [cursor, cursor],
])('%s matches %s', (registered, requested) => expect(matchesRedirectUri(registered, requested)).toBe(true))

test.each([
  ['https://h.example/cb', 'https://h.example:8443/cb'],
  ['https://localhost/cb', 'https://localhost:8443/cb'],
  ['http://localhost/callback', 'http://127.0.0.1/callback'],
  ['http://localhost/callback', 'http://localhost/callback/'],
  ['http://localhost/callback', 'http://localhost/callback?x=1'],
  ['http://localhost/callback', 'http://LOCALHOST/callback'],
  ['http://localhost/callback', 'http://localhost:1@evil.example/callback'],
  ['http://localhost/callback', 'http://localhost.evil.example:1/callback'],
  ['http://127.0.0.2/callback', 'http://127.0.0.2:1/callback'],
  ['https://h.example/cb', 'https://h.example/cb/../other'],
  ['https://h.example/cb', 'https://h.example/CB'],
  [cursor, 'cursor://anysphere.cursor-mcp/oauth/callback2'],
])('%s does not match %s', (registered, requested) => expect(matchesRedirectUri(registered, requested)).toBe(false))

test.each(['https://h.example/cb', 'http://localhost/cb', 'http://127.0.0.1:1/', 'http://[::1]/', cursor, 'com.example.app:/cb'])(
  '%s may be registered',
  (uri) => expect(validateRedirectUri(uri)).toBeUndefined(),
)

test.each([
  ['http://h.example/cb', 'must be https'],
  ['http://127.0.0.2/cb', 'must be https'],
  ['javascript:alert(1)', 'must be https'],
  ['data:text/html,x', 'must be https'],
  ['JavaScript:alert(1)', 'must be https'],
  ['view-source:https://h.example', 'must be https'],
  ['https://h.example/cb#f', 'must not have a fragment'],
  ['https://user@h.example/cb', 'must not have a user name'],
  ['https://h.example/c b', 'must be an absolute URI'],
  ['https://h.example/\r\nx', 'must be an absolute URI'],
  ['/cb', 'must be an absolute URI'],
  ['', 'must be an absolute URI'],
])('%j may not be registered', (uri, issue) => expect(validateRedirectUri(uri)).toContain(issue))

test('a redirect URI has at most 500 characters', () => {
  const uri = (length: number): string => `https://h.example/${'a'.repeat(length - 18)}`
  expect(validateRedirectUri(uri(maxRedirectUriLength))).toBeUndefined()
  expect(validateRedirectUri(uri(maxRedirectUriLength + 1))).toContain('at most 500 characters')
})

test('a destination reads as a host, or as the scheme of an app', () => {
  expect(redirectHost('https://h.example:8443/cb')).toBe('h.example:8443')
  expect(redirectHost('http://127.0.0.1:5555/cb')).toBe('127.0.0.1')
  expect(redirectHost(cursor)).toBe('cursor')
  expect([privateUseScheme(cursor), privateUseScheme('https://h.example')]).toEqual(['cursor', undefined])
  expect([isLoopbackRedirect('http://localhost'), isLoopbackRedirect('http://localhost:123456/')]).toEqual([true, false])
})
