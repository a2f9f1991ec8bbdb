/** Shutdown with a connection that never sent a request. */
import { once } from 'node:events'
import { connect } from 'node:net'

import { expect, test } from '@jest/globals'

import { startApp } from './support/app.js'

test('ends although a connection was never used', async () => {
  const app = await startApp()
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
  await once(socket, 'connect')
  // A request that is answered shows that the server knows of the connection before it.
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
  const ended = once(socket, 'close')
  await app.close()
  await ended
})
