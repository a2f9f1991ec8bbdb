/** Resolves project ids in input, among the projects visible to the actor. */
import type { EntityManager } from '@mikro-orm/core'

import { Project } from '../entities/project.js'
import { objectNotFound } from '../lib/errors.js'

/** The project with this id, or the actor's first project if it is omitted. @throws DomainError NOT_FOUND */
export async function findProjectOrDefault(em: EntityManager, projectId: string | null | undefined): Promise<Project> {
  const project =
    projectId == null
      ? await em.findOne(Project, { id: { $ne: '' } }, { orderBy: { id: 'ASC' } })
      : await em.findOne(Project, { id: projectId })
  if (!project) throw objectNotFound('project', ['input', 'projectId'])
  return project
}

/** @throws DomainError NOT_FOUND for the first project that is not visible to the actor. */
export async function assertProjectsExist(em: EntityManager, ids: readonly string[]): Promise<void> {
  const visible = new Set((await em.find(Project, { id: { $in: [...ids] } })).map(({ id }) => id))
  const missingIndex = ids.findIndex((id) => !visible.has(id))
  if (missingIndex >= 0) throw objectNotFound('project', ['input', 'projectIds', String(missingIndex)])
}
