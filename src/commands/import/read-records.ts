/** Reads the records of an export, NDJSON or CSV, one at a time: a file may be larger than the memory. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { PassThrough } from 'node:stream'

import { CsvError, parse } from 'csv-parse'

import { splitLines } from '../../audit/split-lines.js'
import { CommandError } from '../command-error.js'

/** One record: a JSON object, or the row of a CSV file by its header. Null for a line that is not a JSON object. */
export interface ExportRecord {
  /** Line of the file, where a CSV record ends. */
  readonly line: number
  readonly fields: Readonly<Record<string, unknown>> | null
}

/** Longest CSV record in bytes. A stray quote would otherwise read the whole file as one field. */
const maxRecordBytes = 1_048_576

/** Reports the bytes that were read, of those of the file. */
type OnRead = (done: number, total: number) => void

/** @throws CommandError */
export async function* readRecords(path: string, onRead: OnRead): AsyncGenerator<ExportRecord, void, undefined> {
  const chunks = readChunks(path, onRead)
  const first = await chunks.next()
  if (first.done) return
  const [start] = first.value.trimStart()
  if (start === '[') throw new CommandError("The file is a JSON array. Convert it to one object a line, such as with jq -c '.[]' FILE.")
  const all = prepend(first.value, chunks)
  yield* start === '{' ? readJsonLines(all) : readCsv(all)
}

async function* readChunks(path: string, onRead: OnRead): AsyncGenerator<string, void, undefined> {
  // Drops a byte order mark.
  const decoder = new TextDecoder()
  try {
    const { size } = await stat(path)
    let done = 0
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      yield decoder.decode(chunk, { stream: true })
      onRead((done += chunk.length), size)
    }
  } catch (error) {
    const { syscall, message } = Object(error) as NodeJS.ErrnoException
    throw syscall === undefined ? error : new CommandError(`${path} cannot be read: ${message}`)
  }
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield first
  yield* rest
}

async function* readJsonLines(chunks: AsyncIterable<string>): AsyncGenerator<ExportRecord, void, undefined> {
  let line = 0
  for await (const text of splitLines(chunks)) {
    line++
    if (text.trim() !== '') yield { line, fields: parseObject(text) }
  }
}

function parseObject(text: string): ExportRecord['fields'] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

async function* readCsv(chunks: AsyncIterable<string>): AsyncGenerator<ExportRecord, void, undefined> {
  const parser = PassThrough.from(chunks).pipe(
    parse({ columns: true, info: true, skip_empty_lines: true, max_record_size: maxRecordBytes }),
  )
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Record<string, string>; info: { lines: number } }>)
      yield { line: info.lines, fields: record }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // Its message quotes the file, which holds digests and perhaps secrets.
    throw new CommandError(
      `The file is not valid CSV at line ${String(error['lines'])} (${error.code}). Correct it and run the import again.`,
    )
  }
}
