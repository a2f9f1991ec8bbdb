/** OAuth configurations: one for each project and environment; delete one. */
import type { OauthConfigurationsResult } from '@keyhouse/client'
import { useDeleteOAuthConfiguration, useOauthConfigurations } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { useScopeFilter } from '../filters.js'
import { Actor } from '../parts/actor.js'
import { Button, LinkButton } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Empty } from '../parts/empty.js'
import { Card } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { ProjectTag } from '../parts/tag.js'
import { Ago } from '../parts/time.js'
import { useToast } from '../parts/toast.js'

export type Configuration = OauthConfigurationsResult['nodes'][number]

/** Most rows of a page: each project has at most two configurations. */
export const maxConfigurations = 100

/** Clients that an end user can connect. */
function describeClients({ allowsRegistration, clientHosts }: Configuration): string {
  const documents =
    clientHosts === null ? ['Documents of any host'] : clientHosts.length > 0 ? [`Documents of ${clientHosts.join(', ')}`] : []
  return [...documents, ...(allowsRegistration ? ['self-registered'] : [])].join('; ') || 'None'
}

const configurationColumns: readonly Column<Configuration>[] = [
  { title: 'Project', cell: (configuration) => <ProjectTag object={configuration} /> },
  { title: 'Limited by', cell: ({ apiKey }) => <Actor actor={apiKey && { __typename: 'ApiKey', ...apiKey }} /> },
  {
    title: 'Sign-in',
    cell: ({ oidcIssuer, signInUrl }) => (
      <div>
        {oidcIssuer === null ? 'Your product' : 'OpenID provider'}
        <br />
        <code className="muted">{oidcIssuer ?? signInUrl}</code>
      </div>
    ),
  },
  { title: 'Clients', cell: describeClients },
  { title: 'Changed', cell: ({ updatedAt }) => <Ago at={updatedAt} /> },
]

export function OAuthConfigurations(): ReactElement {
  const query = useOauthConfigurations({ first: maxConfigurations, filter: useScopeFilter() })
  const { needs } = useAccess()
  const [deleted, setDeleted] = useState<Configuration | null>(null)
  const reason = needs('oauth_configuration:update')
  const columns: readonly Column<Configuration>[] = [
    ...configurationColumns,
    {
      title: 'Actions',
      cell: (configuration) => (
        <div className="row">
          <LinkButton to={`/oauth/configurations/${configuration.id}`} disabledReason={reason}>
            Edit
          </LinkButton>
          <Button disabledReason={reason} onClick={() => setDeleted(configuration)}>
            Delete
          </Button>
        </div>
      ),
    },
  ]
  return (
    <Card title="Configurations">
      <Loaded query={query}>
        {({ nodes }) => (
          <Table
            caption="OAuth configurations"
            columns={columns}
            rows={nodes}
            rowKey={({ id }) => id}
            empty={
              <Empty title="OAuth is not configured.">
                <p>It needs an API key, which limits what clients can do, and a way to sign your end users in.</p>
              </Empty>
            }
          />
        )}
      </Loaded>
      {deleted && <DeleteConfiguration configuration={deleted} onClose={() => setDeleted(null)} />}
    </Card>
  )
}

interface DeleteProps {
  readonly configuration: Configuration
  readonly onClose: () => void
}

function DeleteConfiguration({ configuration, onClose }: DeleteProps): ReactElement {
  const toast = useToast()
  const remove = useDeleteOAuthConfiguration({
    onSuccess: () => {
      toast('The OAuth configuration was deleted.')
      onClose()
    },
  })
  const { project, environment } = configuration
  return (
    <Confirm
      title={`Delete the OAuth configuration of ${project.name}?`}
      action="Delete"
      typed={project.slug}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: configuration.id })}
      onClose={onClose}
    >
      <p>
        The end users of {environment.toLowerCase()} are signed out, and every grant there ends with its tokens. No client can connect until
        OAuth is configured again, and each end user must consent again. This cannot be undone.
      </p>
    </Confirm>
  )
}
