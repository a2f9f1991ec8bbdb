/** Fields of an MCP server that people name and describe: shared by registering and editing. */
import type { ReactElement } from 'react'

import { Field } from '../parts/form.js'
import { newServerOAuthValues, ServerOAuthFields, serverOAuthFields } from './server-oauth.js'
import type { ServerOAuthValues } from './server-oauth.js'

export interface ServerValues {
  readonly name: string
  readonly serverLabel: string
  readonly serverUrl: string
  readonly serverDescription: string
  readonly oauth: ServerOAuthValues
}

export const newServerValues: ServerValues = {
  name: '',
  serverLabel: '',
  serverUrl: '',
  serverDescription: '',
  oauth: newServerOAuthValues,
}

export const serverTexts = ['name', 'serverLabel', 'serverUrl', 'serverDescription'] as const

/** Names of the fields, for `Form`. */
export const serverFields = [...serverTexts, ...serverOAuthFields]

interface ServerFieldsProps {
  readonly values: ServerValues
  readonly onChange: (values: ServerValues) => void
}

export function ServerFields({ values, onChange }: ServerFieldsProps): ReactElement {
  const set = (name: (typeof serverTexts)[number]) => (value: string) => onChange({ ...values, [name]: value })
  return (
    <>
      <Field name="name" label="Name" help="For people." required maxLength={255} value={values.name} onChange={set('name')} />
      <Field
        name="serverLabel"
        label="Label"
        help="For agents, such as tracker. Letters, digits, dot, underscore and hyphen."
        required
        maxLength={255}
        value={values.serverLabel}
        onChange={set('serverLabel')}
      />
      <Field
        name="serverUrl"
        label="URL"
        help="MCP endpoint (streamable HTTP) with https. Private addresses and http need KEYHOUSE_OUTBOUND_ALLOW."
        type="url"
        required
        maxLength={2048}
        value={values.serverUrl}
        onChange={set('serverUrl')}
      />
      <Field
        name="serverDescription"
        label="Purpose, for agents (optional)"
        multiline
        maxLength={10_000}
        value={values.serverDescription}
        onChange={set('serverDescription')}
      />
      <ServerOAuthFields values={values.oauth} onChange={(oauth) => onChange({ ...values, oauth })} />
    </>
  )
}
