// Common parts of the contenders: the data folder, and a message with the port and the requests to send.
export const directory = process.env.BENCH_DIRECTORY

export function announce(server, scenarios) {
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port, scenarios }))
  process.once('disconnect', () => process.exit(0))
}

export function readJson(request) {
  return new Promise((resolve) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve(JSON.parse(Buffer.concat(chunks))))
  })
}

/** Wraps an async handler for a server that ignores returned promises. */
export const answering = (work) => (request, response) => {
  void work(request, response)
}
