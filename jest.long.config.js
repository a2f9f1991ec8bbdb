// The same tests with the budget that they deserve, and those that are too long for every run.
import usual from './jest.config.js'

const fuzzRuns = 20_000

export default {
  ...usual,
  projects: usual.projects.map((project) => ({
    ...project,
    globals: { ...project.globals, fuzzRuns },
    testMatch: ['<rootDir>/test/fuzz.test.ts', '<rootDir>/test/long/**/*.test.ts'],
  })),
}
