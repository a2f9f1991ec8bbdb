/** Screens in place of one that does not exist, or that the user may not see. */
import type { ReactElement } from 'react'

import { LinkButton } from '../parts/button.js'
import { Page } from '../parts/page.js'
import type { Screen } from '../screens.js'

export function Missing(): ReactElement {
  return (
    <Page title="Page not found">
      <p>There is no page at this address. Check the link, or start from the overview.</p>
      <div className="row">
        <LinkButton to="/">Overview</LinkButton>
      </div>
    </Page>
  )
}

export function Refused({ screen: { title, permission } }: { readonly screen: Screen }): ReactElement {
  return (
    <Page title={title ?? 'Not allowed'}>
      <p>
        You may not see this. It needs <code>{permission}</code>. Ask an ADMIN.
      </p>
    </Page>
  )
}
