/** The signed-in user: profile, personal API tokens, sign-ins, theme and shortcuts. */
import { useRevokeAllPersonalTokens, useViewer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Checkbox, Choices } from '../parts/form.js'
import { Card, Facts, Page } from '../parts/page.js'
import { PermissionList } from '../parts/permission-list.js'
import { Loaded } from '../parts/problem.js'
import { areLettersOn, setLetters } from '../shortcuts.js'
import { chooseTheme, readTheme } from '../theme.js'
import { ViewerName } from './names.js'
import { PersonalTokens } from './personal-tokens.js'

export function Me(): ReactElement {
  const viewer = useViewer()
  const [isEndingAll, setIsEndingAll] = useState(false)
  return (
    <Page title="You">
      <Loaded query={viewer}>
        {({ user, organization, permissions }) => (
          <Card title="Profile">
            {user && <ViewerName key={user.name} name={user.name} />}
            <Facts
              rows={[
                ['E-mail', user?.email],
                ['Organization', organization.name],
                ['Permissions', <PermissionList key="permissions" permissions={permissions} />],
              ]}
            />
          </Card>
        )}
      </Loaded>
      <PersonalTokens />
      <Preferences />
      <Card title="Sign out everywhere">
        <p>Revokes every sign-in and every personal API token of yours, in every browser and program.</p>
        <div className="row">
          <Button variant="danger" onClick={() => setIsEndingAll(true)}>
            Revoke all and sign out
          </Button>
        </div>
      </Card>
      {isEndingAll && <RevokeAll onClose={() => setIsEndingAll(false)} />}
    </Page>
  )
}

function RevokeAll({ onClose }: { readonly onClose: () => void }): ReactElement {
  const revoke = useRevokeAllPersonalTokens({ onSuccess: () => location.reload() })
  return (
    <Confirm
      title="Revoke all and sign out?"
      action="Revoke all and sign out"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <p>Your programs lose access at once. You need a new sign-in link to return.</p>
    </Confirm>
  )
}

function Preferences(): ReactElement {
  const [theme, setTheme] = useState(readTheme)
  const [hasLetters, setHasLetters] = useState(areLettersOn)
  return (
    <Card title="This browser">
      <Choices
        label="Theme"
        options={[
          ['system', 'System'],
          ['light', 'Light'],
          ['dark', 'Dark'],
        ]}
        value={theme}
        onChange={(next) => {
          chooseTheme(next)
          setTheme(next)
        }}
      />
      <Checkbox
        label="Single letters are shortcuts. Turn this off for speech input."
        checked={hasLetters}
        onChange={(isOn) => {
          setLetters(isOn)
          setHasLetters(isOn)
        }}
      />
    </Card>
  )
}
