/** Creates a project in the caller's organization. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Project } from '../entities/project.js'
import { conflict } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import { Validator } from '../validation/validator.js'
import { maxOrganizationNameLength } from './create-organization.js'

const slugPattern = /^[a-z][a-z0-9-]{0,62}$/

/** @throws DomainError INVALID, FORBIDDEN or CONFLICT */
export async function createProject(ctx: Context, { name, slug }: { name: string; slug: string }): Promise<{ project: Project }> {
  return perform(ctx, 'project:create', async ({ em, actor, now, permit }) => {
    const validator = new Validator()
    validator.text('name', name, maxOrganizationNameLength)
    if (!slugPattern.test(slug)) validator.addIssue('slug', 'must be 1 to 63 characters of a-z, 0-9 and "-", starting with a letter')
    validator.throwIfInvalid()
    const id = newId('prj', now)
    permit({ id, isNew: true, projectId: id })
    if (await em.findOne(Project, { slug })) throw conflict('"slug" is taken by another project. Choose another slug.', ['input', 'slug'])
    const project = Object.assign(new Project(), { id, organizationId: actor.organizationId, name, slug, createdAt: now, updatedAt: now })
    em.persist(project)
    return { project }
  })
}
