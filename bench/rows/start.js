/** Measures the start of `keyhouse start` on a migrated database: from process start to the first 200 of /readyz. */
import { median } from '../support/measure.js'
import { end, newFolder, runOnce, startKeyhouse } from '../support/processes.js'

const keys = 1000

export async function measureStart({ rounds, say }) {
  const directory = newFolder('start')
  await runOnce('support/fill.js', { KEYHOUSE_DATA_DIR: directory, BENCH_KEYS: String(keys) })
  const times = []
  // The first start is not counted, since its files are not in the page cache yet.
  for (let round = -1; round < rounds; round++) {
    const keyhouse = await startKeyhouse({ directory })
    await end(keyhouse)
    if (round >= 0) times.push(keyhouse.readyAfter)
  }
  say(`start: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`)
  return [{ says: 'start to ready, database up to date', value: median(times), unit: 'ms', below: 700 }]
}
