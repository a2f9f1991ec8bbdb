/** Signs an end user out of one browser. Grants of clients stay. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { BrowserSession } from '../../entities/browser-session.js'
import type { EndUserSession } from './browser-session.js'

/** `ctx` acts as the session. */
export async function signOutEndUser(ctx: Context, { id, projectId, environment }: EndUserSession): Promise<void> {
  await perform(ctx, 'end_user:sign_out', async ({ em, now, permit }) => {
    permit({ id, projectId, environment })
    await em.nativeUpdate(BrowserSession, { id }, { revokedAt: now })
  })
}
