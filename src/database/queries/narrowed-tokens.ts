/** Access tokens that were narrowed from others (RFC 8693). */
import { raw } from '@mikro-orm/core'

import type { Condition } from './lists.js'

/** Narrowed from the token, from one of those, and so on. */
export const narrowedFrom = ({ id }: { readonly id: string }): Condition => ({
  [raw(
    `id in (with recursive narrowed (id) as (
      select id from access_token where subject_token_id = ?
      union select t.id from access_token t join narrowed on t.subject_token_id = narrowed.id
    ) select id from narrowed)`,
    [id],
  )]: [],
})
