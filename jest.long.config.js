// The same tests with the budget that they deserve, and those that are too long for every run.
import usual from './jest.config.js'

const looks = ['390 light', '390 dark', '1280 light', '1280 dark']
/** 640 pixels are 1280 at a zoom of 200 % (WCAG 1.4.4), 320 those at 400 % (WCAG 1.4.10). */
const zooms = ['640 light', '320 light']
const budget = {
  fuzzRuns: 20_000,
  crashRounds: 100,
  outageSeconds: 10,
  accessChains: 10_000,
  keyEvents: 1_000_000,
  looks: [...looks, ...zooms],
  journeys: looks,
  consoleScale: { keys: 10_000, events: 1_000_000, members: 200 },
  everyCombination: true,
}

export default {
  ...usual,
  projects: usual.projects.map((project) => ({
    ...project,
    globals: { ...project.globals, ...budget },
    testPathIgnorePatterns: [],
    testMatch: [
      'authorization-ids',
      'fuzz',
      'crash*',
      'replicas-database-outage',
      'explain-access-chains',
      'key-activity-scale',
      'console/browser/console',
      'console/browser/scale',
      'console/browser/journey',
      'long/**/*',
    ].map((name) => `<rootDir>/test/${name}.test.ts`),
  })),
}
