/** Renames a project; the slug is immutable. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Project } from '../entities/project.js'
import { objectNotFound } from '../lib/errors.js'
import { Validator } from '../validation/validator.js'
import { maxOrganizationNameLength } from './create-organization.js'

export async function updateProject(ctx: Context, input: { id: string; name?: string | null | undefined }): Promise<{ project: Project }> {
  return perform(ctx, 'project:update', async ({ em, now, permit }) => {
    const validator = new Validator()
    validator.notNull('name', input.name)
    validator.text('name', input.name, maxOrganizationNameLength)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    const project = await em.findOne(Project, { id: input.id })
    if (!project) throw objectNotFound('project', ['input', 'id'])
    permit({ id: project.id, projectId: project.id })
    if (input.name != null) project.name = input.name
    project.updatedAt = now
    return { project }
  })
}
