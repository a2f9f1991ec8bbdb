/**
 * The one place that says whose rows a caller sees. Every entity of a tenant carries the filter `tenant`, rows of the
 * vault also the filter `owner`. Both are on unless their parameters are missing, and then throw: they fail closed.
 */
import type { Dictionary, FilterDef } from '@mikro-orm/core'

import type { Environment } from './enums.js'

/** The parameters of the filter: what the caller is confined to; null means unconfined. */
export interface Scope {
  readonly organizationId: string
  readonly projectIds: readonly string[] | null
  readonly environment: Environment | null
}

/** Column → the values that a row of this caller may have. Undefined: any. */
export type Confinement = Readonly<Record<string, readonly (string | null)[] | undefined>>

type TenantScope = 'organization' | 'project' | 'environment' | 'self' | 'projects'

const confinements: Readonly<Record<TenantScope, (scope: Scope) => Confinement>> = {
  organization: (scope) => ({ organizationId: [scope.organizationId] }),
  project: (scope) => ({ organizationId: [scope.organizationId], projectId: scope.projectIds ?? undefined }),
  environment: (scope) => ({
    organizationId: [scope.organizationId],
    projectId: scope.projectIds ?? undefined,
    environment: scope.environment ? [scope.environment] : undefined,
  }),
  self: (scope) => ({ id: [scope.organizationId] }),
  projects: (scope) => ({ organizationId: [scope.organizationId], id: scope.projectIds ?? undefined }),
}

/** Entity name → what confines it; the flush guard (database.ts) holds changes against the same table that reads obey. */
const reaches = new Map<string, TenantScope>()

export const tenantConstraint = (entityName: string, scope: Scope): Confinement | undefined => {
  const reach = reaches.get(entityName)
  return reach && confinements[reach](scope)
}

/** `@Filter(tenant('ApiKey', 'environment'))`: which columns of this entity name its tenant. */
export function tenant(entityName: string, reach: TenantScope): FilterDef {
  reaches.set(entityName, reach)
  return {
    name: 'tenant',
    default: true,
    cond: (parameters: Dictionary) => {
      const confined = confinements[reach]({
        organizationId: parameters['organizationId'],
        projectIds: parameters['projectIds'],
        environment: parameters['environment'],
      })
      return Object.fromEntries(
        Object.entries(confined).flatMap(([column, values]) =>
          values ? [[column, values.length === 1 ? (values[0] ?? null) : { $in: values }]] : [],
        ),
      )
    },
  }
}

/** The parameters of the filter `owner`: one end user, the backend itself (null), or everybody. */
export type Ownership = { readonly allOwners: true } | { readonly allOwners: false; readonly endUserId: string | null }

/** Reads of what is `shared` reach the backend's own rows too; changes never do. */
type OwnerVisibility = 'private' | 'shared'

const privacies = new Map<string, OwnerVisibility>()

const ownersFor: Readonly<Record<OwnerVisibility, (endUserId: string | null) => (string | null)[]>> = {
  private: (endUserId) => [endUserId],
  shared: (endUserId) => (endUserId === null ? [null] : [endUserId, null]),
}

/** What a changed row must name as its owner, before and after; undefined where rows have none. */
export function ownerConstraint(entityName: string, ownership: Ownership | undefined): Confinement | undefined {
  if (!privacies.has(entityName)) return undefined
  if (!ownership) return { endUserId: [] }
  return { endUserId: ownership.allOwners ? undefined : [ownership.endUserId] }
}

/** `@Filter(owner('McpCredential', 'private'))`: the column `endUserId` names the owner; null is the backend. */
export function owner(entityName: string, privacy: OwnerVisibility): FilterDef {
  privacies.set(entityName, privacy)
  return {
    name: 'owner',
    default: true,
    cond: (parameters: Dictionary) => {
      if (parameters['allOwners'] === true) return {}
      const values = ownersFor[privacy](parameters['endUserId'] ?? null)
      const conditions = values.map((endUserId) => ({ endUserId }))
      return conditions.length === 1 ? conditions[0]! : { $or: conditions }
    },
  }
}
