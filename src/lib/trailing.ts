/** Removes a trailing character in linear time. A pattern such as `/0+$/` restarts at each occurrence: quadratic time. */
export function trimTrailing(text: string, character: string): string {
  let end = text.length
  while (text[end - 1] === character) end--
  return text.slice(0, end)
}
