/** Settings: the organization, its projects, its signing keys, and the URLs and commands of this server. */
import type { SigningKeysResult } from '@keyhouse/client'
import { useOrganization, useSigningKeys } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { CopyText } from '../parts/copy.js'
import { Card, Facts, Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { Tag } from '../parts/tag.js'
import { Moment } from '../parts/time.js'
import { useSession } from '../session-context.js'
import { OrganizationName } from './names.js'
import { Projects } from './projects.js'

export function Settings(): ReactElement {
  const { can } = useAccess()
  const organization = useOrganization()
  return (
    <Page title="Settings">
      <Card title="Organization">
        <Loaded query={organization} noun="Organization">
          {({ id, name, createdAt }) => (
            <>
              <OrganizationName key={name} name={name} />
              <Facts
                rows={[
                  ['Id', <code key="id">{id}</code>],
                  ['Created', <Moment key="created" at={createdAt} />],
                ]}
              />
            </>
          )}
        </Loaded>
      </Card>
      {can('project:read') && <Projects />}
      {can('signing_key:read') && <SigningKeys />}
      <Urls />
    </Page>
  )
}

const keyColumns: readonly Column<SigningKeysResult[number]>[] = [
  { title: 'Key id (kid)', cell: ({ kid }) => <code>{kid}</code> },
  { title: 'Algorithm', cell: ({ algorithm }) => algorithm },
  { title: 'State', cell: ({ state }) => <Tag tone={state === 'CURRENT' ? 'ok' : 'neutral'}>{state}</Tag> },
  { title: 'Created', cell: ({ createdAt }) => <Moment at={createdAt} /> },
  { title: 'Signs since', cell: ({ activatedAt }) => <Moment at={activatedAt} missing="Not yet" /> },
  { title: 'Replaced', cell: ({ supersededAt }) => <Moment at={supersededAt} missing="No" /> },
]

function SigningKeys(): ReactElement {
  const query = useSigningKeys()
  return (
    <Card title="Signing keys">
      <p className="muted">They sign access tokens. The command line rotates and retires them.</p>
      <Loaded query={query}>
        {(keys) => <Table caption="Signing keys" columns={keyColumns} rows={keys} rowKey={({ id }) => id} empty={null} />}
      </Loaded>
      <CopyText text="npx keyhouse signing-key rotate" label="Command" />
    </Card>
  )
}

function Urls(): ReactElement {
  const { url, version } = useSession()
  const { data } = useOrganization()
  return (
    <Card title="URLs and commands">
      <Facts
        rows={[
          ['GraphQL', <CopyText key="graphql" text={`${url}/graphql`} label="GraphQL URL" />],
          ...(data?.issuers ?? []).flatMap(({ environment, url: issuer }) => [
            [
              `Issuer, ${environment.toLowerCase()}`,
              <div key={environment} className="stack">
                <CopyText text={issuer} label={`Issuer, ${environment.toLowerCase()}`} />
                <CopyText text={`${issuer}/.well-known/jwks.json`} label={`JWKS, ${environment.toLowerCase()}`} />
              </div>,
            ] as const,
          ]),
          [
            'Sign-in link',
            <CopyText key="sign-in" text="npx keyhouse sign-in --email you@example.com" label="Command for a sign-in link" />,
          ],
          ['Version', version],
        ]}
      />
    </Card>
  )
}
