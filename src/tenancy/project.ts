/** Where something goes: the projects and environment that a caller named, or those that are its own. */
import type { EntityManager } from '@mikro-orm/core'

import { Project } from '../entities/project.js'
import { notFound } from '../lib/errors.js'

/** The project named, else the caller's first. @throws DomainError NOT_FOUND */
export async function findProjectOrDefault(em: EntityManager, projectId: string | null | undefined): Promise<Project> {
  const project =
    projectId == null
      ? await em.findOne(Project, { id: { $ne: '' } }, { orderBy: { id: 'ASC' } })
      : await em.findOne(Project, { id: projectId })
  if (!project) throw notFound('No such project.', ['input', 'projectId'])
  return project
}

/** @throws DomainError NOT_FOUND for the first that the caller does not see. */
export async function assertProjectsExist(em: EntityManager, ids: readonly string[]): Promise<void> {
  const seen = new Set((await em.find(Project, { id: { $in: [...ids] } })).map(({ id }) => id))
  const unseen = ids.findIndex((id) => !seen.has(id))
  if (unseen >= 0) throw notFound('No such project.', ['input', 'projectIds', String(unseen)])
}
