// Stands in for `@jest/globals`, which only Jest's own module loader provides.
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } = globalThis
