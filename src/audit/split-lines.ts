/** Splits an export into lines at line feeds only: RFC 8785 leaves other separators, such as U+2028, unescaped in strings. */
export async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  // Join once per line: appending to a string would copy the partial line with every chunk.
  let partial: string[] = []
  for await (const chunk of chunks) {
    const [first = '', ...rest] = chunk.split('\n')
    partial.push(first)
    for (const next of rest) {
      yield partial.join('')
      partial = [next]
    }
  }
  const last = partial.join('')
  if (last !== '') yield last
}
