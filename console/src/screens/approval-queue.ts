/** Order of the approval queue: rows keep their place while it is read. */
import type { McpToolApprovalsResult } from '@keyhouse/client'

export type Approval = McpToolApprovalsResult['nodes'][number]

/** Ids of the shown rows, then those of new pending approvals, soonest to expire first. */
export function mergeQueue(shownIds: readonly string[], pending: readonly Approval[]): string[] {
  const added = pending
    .filter(({ id }) => !shownIds.includes(id))
    .toSorted((a, b) => a.expiresAt.localeCompare(b.expiresAt))
    .map(({ id }) => id)
  return [...shownIds, ...added]
}
