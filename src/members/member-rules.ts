/** Validation of the project list that inviting and updating a member share. */
import type { MemberRole } from '../entities/enums.js'
import type { Validator } from '../validation/validator.js'

export const maxProjects = 100

export function validateProjects(
  validator: Validator,
  role: MemberRole | null | undefined,
  projectIds: readonly string[] | null | undefined,
): void {
  validator.list('projectIds', projectIds, maxProjects, () => undefined)
  if (role === 'ADMIN' && projectIds) validator.addIssue('projectIds', 'must be omitted for ADMIN, which has every project')
}
