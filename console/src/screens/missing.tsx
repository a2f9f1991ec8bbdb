/** Screen for an unknown path. */
import type { ReactElement } from 'react'

import { LinkButton } from '../parts/button.js'
import { Page } from '../parts/page.js'

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
