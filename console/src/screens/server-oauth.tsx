/** Fields of an MCP server for connecting accounts by OAuth, where its metadata does not suffice. */
import type { McpServerOAuthInput, McpServerResult } from '@keyhouse/client'
import type { ReactElement } from 'react'

import { ScreenLink } from '../parts/button.js'
import { Checkbox, Field } from '../parts/form.js'
import { toLines } from './key-form.js'

export interface ServerOAuthValues {
  readonly issuer: string
  /** Separated by spaces. */
  readonly scopes: string
  /** One per line, such as `audience=api`. */
  readonly parameters: string
  readonly omitsResource: boolean
}

/** Names of the fields, for `Form`. */
export const serverOAuthFields = ['oauth.issuer', 'oauth.scopes', 'oauth.authorizationParameters'] as const

export const newServerOAuthValues: ServerOAuthValues = { issuer: '', scopes: '', parameters: '', omitsResource: false }

export const toServerOAuthValues = (oauth: NonNullable<McpServerResult>['oauth']): ServerOAuthValues =>
  oauth
    ? {
        issuer: oauth.issuer ?? '',
        scopes: (oauth.scopes ?? []).join(' '),
        parameters: oauth.authorizationParameters.map(({ name, value }) => `${name}=${value}`).join('\n'),
        omitsResource: oauth.omitsResource,
      }
    : newServerOAuthValues

/** Null: the server has no settings. */
export function serverOAuthInput({ issuer, scopes, parameters, omitsResource }: ServerOAuthValues): McpServerOAuthInput | null {
  const listed = scopes.split(' ').filter((scope) => scope !== '')
  const authorizationParameters = toLines(parameters).map((line) => {
    const [name = '', ...value] = line.split('=')
    return { name, value: value.join('=') }
  })
  if (issuer === '' && listed.length === 0 && authorizationParameters.length === 0 && !omitsResource) return null
  return { issuer: issuer === '' ? null : issuer, scopes: listed.length === 0 ? null : listed, authorizationParameters, omitsResource }
}

interface FieldsProps {
  readonly values: ServerOAuthValues
  readonly onChange: (values: ServerOAuthValues) => void
}

export function ServerOAuthFields({ values, onChange }: FieldsProps): ReactElement {
  const set = (change: Partial<ServerOAuthValues>): void => onChange({ ...values, ...change })
  return (
    <details open={serverOAuthInput(values) !== null || undefined}>
      <summary>OAuth: how end users connect their accounts</summary>
      <div className="stack">
        <p className="note">
          Leave it empty where the metadata of the server suffices. Where its authorization server takes no registration, add a{' '}
          <ScreenLink to="/oauth/clients">client of Keyhouse</ScreenLink>.
        </p>
        <Field
          name="oauth.issuer"
          label="Issuer of its authorization server"
          help="Empty: the first one that the server names."
          type="url"
          maxLength={2048}
          value={values.issuer}
          onChange={(issuer) => set({ issuer })}
        />
        <Field
          name="oauth.scopes"
          label="Scopes"
          help="Separated by spaces. Empty: those that the server names."
          value={values.scopes}
          onChange={(scopes) => set({ scopes })}
        />
        <Field
          name="oauth.authorizationParameters"
          label="Further parameters of the authorization request, one per line"
          help="Such as access_type=offline."
          multiline
          value={values.parameters}
          onChange={(parameters) => set({ parameters })}
        />
        <Checkbox
          label="Leave out the parameter resource, for authorization servers that refuse it"
          checked={values.omitsResource}
          onChange={(omitsResource) => set({ omitsResource })}
        />
      </div>
    </details>
  )
}
