/** Form that registers an MCP server. */
import type { McpApprovalPolicy } from '@keyhouse/client'
import { useCreateMcpServer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useNeedsInProject } from '../access.js'
import { useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Choices, Form, FormActions } from '../parts/form.js'
import { Page } from '../parts/page.js'
import { PlaceFields, placeInput, usePlace } from '../parts/place.js'
import { useToast } from '../parts/toast.js'
import { newServerValues, serverFields, ServerFields } from './server-form.js'
import { serverOAuthInput } from './server-oauth.js'

/** Choices of the approval policy. */
export const policies = [
  ['ALWAYS', 'Ask first', 'A person approves each tool call'],
  ['NEVER', 'Do not ask', 'Tool calls pass without approval'],
] as const

export function NewServer(): ReactElement {
  const scoped = useScopedPath()
  const needs = useNeedsInProject()
  const toast = useToast()
  const [, navigate] = useLocation()
  const [values, setValues] = useState(newServerValues)
  const [place, setPlace] = usePlace()
  const [requireApproval, setRequireApproval] = useState<McpApprovalPolicy>('ALWAYS')
  const create = useCreateMcpServer({
    onSuccess: ({ server }) => {
      toast('The server was registered.')
      navigate(scoped(`/servers/${server.id}`))
    },
  })
  const { serverDescription, oauth, ...required } = values
  const submit = (): void =>
    create.mutate({
      ...required,
      ...placeInput(place),
      requireApproval,
      oauth: serverOAuthInput(oauth),
      ...(serverDescription !== '' && { serverDescription }),
    })
  return (
    <Page title="Register an MCP server">
      <Form error={create.error} fields={serverFields} onSubmit={submit}>
        <ServerFields values={values} onChange={setValues} />
        <PlaceFields place={place} onChange={setPlace} />
        <Choices label="Tool calls" options={policies} value={requireApproval} onChange={setRequireApproval} />
        <FormActions>
          <Button type="submit" variant="primary" busy={create.isPending} disabledReason={needs('mcp_server:create')}>
            Register
          </Button>
          <LinkButton to="/servers">Cancel</LinkButton>
        </FormActions>
      </Form>
    </Page>
  )
}
