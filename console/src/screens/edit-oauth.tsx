/** Form that sets the OAuth configuration of a project and environment. */
import { useOauthConfigurations, useSetOAuthConfiguration } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useAccess } from '../access.js'
import { useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Form, FormActions } from '../parts/form.js'
import { Facts, Page } from '../parts/page.js'
import { Loaded, Notice } from '../parts/problem.js'
import { EnvironmentTag } from '../parts/tag.js'
import { useToast } from '../parts/toast.js'
import type { ScreenProps } from '../screens.js'
import { useSession } from '../session-context.js'
import { maxConfigurations } from './oauth-configurations.js'
import type { Configuration } from './oauth-configurations.js'
import { ClientFields, SignInFields } from './oauth-form.js'
import { LimitingKey } from './oauth-key.js'
import { configurationFields, configurationInput, newConfigurationValues, toConfigurationValues } from './oauth-values.js'
import type { ConfigurationValues } from './oauth-values.js'

export function NewOAuth(): ReactElement {
  return (
    <Page title="Configure OAuth">
      <ConfigurationForm configuration={null} />
    </Page>
  )
}

export function EditOAuth({ params }: ScreenProps): ReactElement {
  // Not fetched again: new data must not replace what the user types.
  const query = useOauthConfigurations(
    { first: maxConfigurations },
    { staleTime: Infinity, select: ({ nodes }): Configuration | null => nodes.find(({ id }) => id === params['id']) ?? null },
  )
  return (
    <Page title="Edit OAuth configuration">
      <Loaded query={query} noun="OAuth configuration">
        {(configuration) => (
          <>
            <Facts
              rows={[
                ['Project', configuration.project.name],
                ['Environment', <EnvironmentTag key="environment" environment={configuration.environment} />],
              ]}
            />
            <ConfigurationForm configuration={configuration} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

/** @param configuration null: a new one, of the project and environment of its API key */
function ConfigurationForm({ configuration }: { readonly configuration: Configuration | null }): ReactElement {
  const { url } = useSession()
  const scoped = useScopedPath()
  const [, navigate] = useLocation()
  const toast = useToast()
  const { needs } = useAccess()
  const [values, setValues] = useState(() => (configuration ? toConfigurationValues(configuration) : newConfigurationValues))
  const onChange = (change: Partial<ConfigurationValues>): void => setValues({ ...values, ...change })
  const save = useSetOAuthConfiguration({
    onSuccess: () => {
      toast('The OAuth configuration was saved.')
      navigate(scoped('/oauth'))
    },
  })
  const isOtherKey = configuration?.apiKey != null && values.apiKeyId !== configuration.apiKey.id
  const reason = needs('oauth_configuration:update') ?? (values.apiKeyId === '' ? 'Choose an API key first.' : undefined)
  return (
    <Form error={save.error} fields={configurationFields} onSubmit={() => save.mutate(configurationInput(values))}>
      <LimitingKey configuration={configuration} value={values.apiKeyId} onChange={(apiKeyId) => onChange({ apiKeyId })} />
      {isOtherKey && <Notice>Another API key ends every grant of this project and environment. End users must consent again.</Notice>}
      <SignInFields values={values} onChange={onChange} />
      {values.method === 'OIDC' && (
        <>
          <p className="note">Register this redirect URI at the provider:</p>
          <CopyText text={configuration?.redirectUri ?? `${url}/oauth/sign-in/callback`} label="Redirect URI" />
        </>
      )}
      <ClientFields values={values} onChange={onChange} />
      <FormActions>
        <Button type="submit" variant="primary" busy={save.isPending} disabledReason={reason}>
          Save
        </Button>
        <LinkButton to="/oauth">Cancel</LinkButton>
      </FormActions>
    </Form>
  )
}
