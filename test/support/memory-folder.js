// Linux's file system in memory, for the databases of the tests: a commit waits for no disk.
import { statfsSync } from 'node:fs'

const memory = '/dev/shm'
/** More than the largest database of `npm run test:long` needs; containers usually have 64 MB. */
const enoughBytes = 4 * 1024 ** 3

/** Undefined where there is none, or no room in it. */
export function memoryFolder() {
  try {
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize > enoughBytes ? memory : undefined
  } catch {
    return undefined
  }
}
