/** Lines of an exported trail. Only a line feed ends one: RFC 8785 leaves other separators, such as U+2028, within strings. */
export async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  // Joined once a line is whole: appending to one text would copy it with every chunk.
  let begun: string[] = []
  for await (const chunk of chunks) {
    const [first = '', ...rest] = chunk.split('\n')
    begun.push(first)
    for (const next of rest) {
      yield begun.join('')
      begun = [next]
    }
  }
  const last = begun.join('')
  if (last !== '') yield last
}
