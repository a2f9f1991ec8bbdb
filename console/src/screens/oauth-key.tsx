/** Choice of the API key that limits an OAuth configuration. */
import { useApiKeys, useOauthConfigurations } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { useScopeFilter } from '../filters.js'
import { actorName } from '../parts/actor.js'
import { Select } from '../parts/form.js'
import { Notice, Problem } from '../parts/problem.js'
import { maxConfigurations } from './oauth-configurations.js'
import type { Configuration } from './oauth-configurations.js'

const maxKeys = 100

interface LimitingKeyProps {
  /** Null: a new configuration. */
  readonly configuration: Configuration | null
  readonly value: string
  readonly onChange: (apiKeyId: string) => void
}

export function LimitingKey({ configuration, value, onChange }: LimitingKeyProps): ReactElement {
  const scope = useScopeFilter()
  const { can, needs } = useAccess()
  const place = configuration && { projectId: configuration.project.id, environment: configuration.environment }
  const keys = useApiKeys(
    { first: maxKeys, filter: { ...(place ?? scope), statuses: ['ACTIVE', 'SUSPENDED'] } },
    { enabled: can('api_key:read') },
  )
  const { data: configurations } = useOauthConfigurations({ first: maxConfigurations })
  // The key of another configuration would replace that one.
  const isFree = (projectId: string, environment: string): boolean =>
    place !== null || !configurations?.nodes.some((other) => other.project.id === projectId && other.environment === environment)
  const options = (keys.data?.nodes ?? [])
    .filter(({ project, environment }) => isFree(project.id, environment))
    .map(
      (key) => [key.id, `${actorName({ __typename: 'ApiKey', ...key })} (${key.project.name}, ${key.environment.toLowerCase()})`] as const,
    )
  return (
    <>
      {keys.error && <Problem error={keys.error} onRetry={() => void keys.refetch()} />}
      {!can('api_key:read') && <Notice>{needs('api_key:read')}</Notice>}
      <Select
        name="apiKeyId"
        label="API key that limits every grant"
        help={
          place
            ? 'Its permissions, end users, rate limits and audiences hold at each request.'
            : 'Its project and environment get the configuration, if they have none yet. Give it mcp_server:use and mcp_tool:* or some of the tools.'
        }
        options={[['', 'Choose a key'], ...options]}
        value={value}
        onChange={onChange}
      />
    </>
  )
}
