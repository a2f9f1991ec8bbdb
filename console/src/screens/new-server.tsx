/** Form that registers an MCP server. */
import type { Environment, McpApprovalPolicy } from '@keyhouse/client'
import { useCreateMcpServer, useProjects } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useNeedsInProject } from '../access.js'
import { useScope, useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Choices, Form, FormActions, Select } from '../parts/form.js'
import { Page } from '../parts/page.js'
import { useToast } from '../parts/toast.js'
import { serverFields, ServerFields } from './server-form.js'
import type { ServerValues } from './server-form.js'

/** Choices of the approval policy. */
export const policies = [
  ['ALWAYS', 'Ask first', 'A person approves each tool call'],
  ['NEVER', 'Do not ask', 'Tool calls pass without approval'],
] as const

export function NewServer(): ReactElement {
  const scope = useScope()
  const scoped = useScopedPath()
  const needs = useNeedsInProject()
  const toast = useToast()
  const [, navigate] = useLocation()
  const { data: projects = [] } = useProjects()
  const [values, setValues] = useState<ServerValues>({ name: '', serverLabel: '', serverUrl: '', serverDescription: '' })
  const [environment, setEnvironment] = useState<Environment>(scope.environment ?? 'SANDBOX')
  const [projectId, setProjectId] = useState(scope.projectId ?? '')
  const [requireApproval, setRequireApproval] = useState<McpApprovalPolicy>('ALWAYS')
  const create = useCreateMcpServer({
    onSuccess: ({ server }) => {
      toast('The server was registered.')
      navigate(scoped(`/servers/${server.id}`))
    },
  })
  const { serverDescription, ...required } = values
  const submit = (): void =>
    create.mutate({
      ...required,
      environment,
      requireApproval,
      ...(serverDescription !== '' && { serverDescription }),
      ...(projectId !== '' && { projectId }),
    })
  return (
    <Page title="Register an MCP server">
      <Form error={create.error} fields={serverFields} onSubmit={submit}>
        <ServerFields values={values} onChange={setValues} />
        <Choices
          label="Environment"
          options={[
            ['SANDBOX', 'Sandbox', 'Test data, which resetSandbox deletes'],
            ['PRODUCTION', 'Production', 'Data of your users'],
          ]}
          value={environment}
          onChange={setEnvironment}
        />
        {projects.length > 1 && (
          <Select
            name="projectId"
            label="Project"
            options={projects.map(({ id, name }) => [id, name] as const)}
            value={projectId === '' ? projects[0]!.id : projectId}
            onChange={setProjectId}
          />
        )}
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
