/** Renames a project. Its slug never changes. */
import { Check } from '../access/check.js'
import type { Context } from '../context.js'
import { Project } from '../entities/project.js'
import { notFound } from '../errors.js'
import { perform } from '../perform.js'
import { longestName } from './create-organization.js'

export async function updateProject(ctx: Context, input: { id: string; name?: string | null | undefined }): Promise<{ project: Project }> {
  return perform(ctx, 'project:update', async ({ em, now, permit }) => {
    const check = new Check()
    check.notNull('name', input.name)
    check.text('name', input.name, longestName)
    check.done()
    permit({ named: input.id })
    const project = await em.findOne(Project, { id: input.id })
    if (!project) throw notFound('No such project.', ['input', 'id'])
    permit({ id: project.id, projectId: project.id })
    if (input.name != null) project.name = input.name
    project.updatedAt = now
    return { project }
  })
}
