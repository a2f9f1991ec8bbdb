/**
 * Row filters that isolate tenants and owners. Every tenant entity has the filter `tenant`, every vault entity also the
 * filter `owner`. Both are on by default and throw without parameters, so they fail closed.
 */
import type { Dictionary, FilterDef } from '@mikro-orm/core'

import type { Environment } from './enums.js'

/** Parameters of the filter `tenant`. Null: every project, or both environments. */
export interface Scope {
  readonly organizationId: string
  readonly projectIds: readonly string[] | null
  readonly environment: Environment | null
}

/** Allowed values by column. Undefined: any value. */
export type Confinement = Readonly<Record<string, readonly (string | null)[] | undefined>>

type TenantScope = 'organization' | 'project' | 'environment' | 'self' | 'projects'

const constraintBuilders: Readonly<Record<TenantScope, (scope: Scope) => Confinement>> = {
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

/** Scope by entity name. The flush guard (database/flush-guard.ts) checks changes against the same table as reads. */
const tenantScopes = new Map<string, TenantScope>()

export const tenantConstraint = (entityName: string, scope: Scope): Confinement | undefined => {
  const tenantScope = tenantScopes.get(entityName)
  return tenantScope && constraintBuilders[tenantScope](scope)
}

/** Filter on the columns that name the tenant: `@Filter(tenant('ApiKey', 'environment'))`. */
export function tenant(entityName: string, tenantScope: TenantScope): FilterDef {
  tenantScopes.set(entityName, tenantScope)
  return {
    name: 'tenant',
    default: true,
    cond: (parameters: Dictionary) => {
      const constraint = constraintBuilders[tenantScope]({
        organizationId: parameters['organizationId'],
        projectIds: parameters['projectIds'],
        environment: parameters['environment'],
      })
      return Object.fromEntries(
        Object.entries(constraint).flatMap(([column, values]) =>
          values ? [[column, values.length === 1 ? (values[0] ?? null) : { $in: values }]] : [],
        ),
      )
    },
  }
}

/** Parameters of the filter `owner`: one end user, the backend itself (null), or all owners. */
export type Ownership = { readonly allOwners: true } | { readonly allOwners: false; readonly endUserId: string | null }

/**
 * `shared`: an end user also reads the backend's own rows, and never changes them. `overseen`: only end users own rows, and the
 * backend has those of all.
 */
type OwnerVisibility = 'private' | 'shared' | 'overseen'

const ownerVisibilities = new Map<string, OwnerVisibility>()

/** Null: every owner. */
const visibleOwners: Readonly<Record<OwnerVisibility, (endUserId: string | null) => (string | null)[] | null>> = {
  private: (endUserId) => [endUserId],
  shared: (endUserId) => (endUserId === null ? [null] : [endUserId, null]),
  overseen: (endUserId) => (endUserId === null ? null : [endUserId]),
}

/** Allowed owners of a changed row, before and after. Undefined for entities without an owner. */
export function ownerConstraint(entityName: string, ownership: Ownership | undefined): Confinement | undefined {
  const visibility = ownerVisibilities.get(entityName)
  if (!visibility) return undefined
  if (!ownership) return { endUserId: [] }
  const isUnlimited = ownership.allOwners || (visibility === 'overseen' && ownership.endUserId === null)
  return { endUserId: isUnlimited ? undefined : [ownership.endUserId] }
}

/** Filter on the column `endUserId`, where null is the backend: `@Filter(owner('McpCredential', 'private'))`. */
export function owner(entityName: string, visibility: OwnerVisibility): FilterDef {
  ownerVisibilities.set(entityName, visibility)
  return {
    name: 'owner',
    default: true,
    cond: (parameters: Dictionary) => {
      if (parameters['allOwners'] === true) return {}
      const values = visibleOwners[visibility](parameters['endUserId'] ?? null)
      if (values === null) return {}
      const conditions = values.map((endUserId) => ({ endUserId }))
      return conditions.length === 1 ? conditions[0]! : { $or: conditions }
    },
  }
}
