// What every contender does: its own folder, a port, and one line that says how it wants to be asked.
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

/** An async handler, for a server that waits for nobody. */
export const answering = (work) => (request, response) => {
  void work(request, response)
}
