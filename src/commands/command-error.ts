/** A fault of the command line, told in one sentence. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
