import type { Options } from '@mikro-orm/core'
import { Migrator } from '@mikro-orm/migrations'

import { entities } from '../entities/index.js'
import { FlushGuard } from './flush-guard.js'

export const common = {
  entities,
  subscribers: [new FlushGuard()],
  extensions: [Migrator],
  discovery: { warnWhenNoEntities: false },
  // A foreign row would read as null by a join per relation; relations are resolved by loaders, which are filtered anyway.
  autoJoinRefsForFilters: false,
  implicitTransactions: true,
  // Triggers stand in the migrations alone: entities cannot say them for both databases.
  schemaGenerator: { ignoreTriggers: true, ignoreRoutines: true },
  timezone: 'UTC',
} as const satisfies Partial<Options>
