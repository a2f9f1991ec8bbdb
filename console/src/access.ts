/** Access of the signed-in user, to explain beforehand what the server would refuse. */
import { usePermissionDefinitions, useProjects, useViewer } from '@keyhouse/client/react'

import { holds, resourcesOf } from './holds.js'

export interface Access {
  /** Whether the user holds the permission. */
  readonly can: (permission: string) => boolean
  /** Reason for a disabled control; undefined if the user holds the permission. */
  readonly needs: (permission: string) => string | undefined
}

/** Access of the signed-in user. The server decides; this only explains beforehand. */
export function useAccess(): Access {
  const { data: viewer } = useViewer()
  const { data: definitions } = usePermissionDefinitions({ staleTime: Infinity })
  const builtIn = resourcesOf(definitions?.map(({ permission }) => permission) ?? [])
  const can = (permission: string): boolean => holds(viewer?.permissions ?? [], permission, builtIn)
  return { can, needs: (permission) => (can(permission) ? undefined : `Needs ${permission}. Ask an ADMIN.`) }
}

/** Reason for a disabled control that creates something in a project, which a member may be without. */
export function useNeedsInProject(): Access['needs'] {
  const { can, needs } = useAccess()
  const { data: projects } = useProjects({ enabled: can('project:read') })
  return (permission) => needs(permission) ?? (projects?.length === 0 ? 'You have no project. Ask an ADMIN.' : undefined)
}
