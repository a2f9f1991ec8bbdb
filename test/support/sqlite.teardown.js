// Jest global teardown: removes the folder that sqlite.global.js created.
import { rmSync } from 'node:fs'

export default function stop() {
  rmSync(process.env.TEST_SQLITE_FOLDER, { recursive: true, force: true })
}
