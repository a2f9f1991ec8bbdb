/** MikroORM options of both databases. */
import type { Options } from '@mikro-orm/core'
import { Migrator } from '@mikro-orm/migrations'

import { entities } from '../entities/index.js'
import { FlushGuard } from './flush-guard.js'

export const commonOrmOptions = {
  entities,
  subscribers: [new FlushGuard()],
  extensions: [Migrator],
  discovery: { warnWhenNoEntities: false },
  // With a filter join per relation, a foreign row would read as null. Loaders resolve relations, with the filters.
  autoJoinRefsForFilters: false,
  implicitTransactions: true,
  // Only migrations define triggers: entity metadata cannot express them for both databases.
  schemaGenerator: { ignoreTriggers: true, ignoreRoutines: true },
  timezone: 'UTC',
} as const satisfies Partial<Options>
