/** Where something new goes: the project and environment that a caller named, or those that are its own. */
import type { EntityManager } from '@mikro-orm/core'

import { Project } from '../entities/project.js'
import { notFound } from '../errors.js'

/** The project named, else the caller's first. @throws DomainError NOT_FOUND */
export async function projectOf(em: EntityManager, projectId: string | null | undefined): Promise<Project> {
  const project =
    projectId == null
      ? await em.findOne(Project, { id: { $ne: '' } }, { orderBy: { id: 'ASC' } })
      : await em.findOne(Project, { id: projectId })
  if (!project) throw notFound('No such project.', ['input', 'projectId'])
  return project
}
