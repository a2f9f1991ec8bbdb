/** Tools of an MCP server: a test of the connection, and the tools that agents can list and call. */
import type { TestMcpServerResult } from '@keyhouse/client'
import { useTestMcpServer, useUpdateMcpServer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Button } from '../parts/button.js'
import { Checkbox, Choices, Form, FormActions } from '../parts/form.js'
import { SafeText } from '../parts/json.js'
import { Card } from '../parts/page.js'
import { Notice, Problem } from '../parts/problem.js'
import { Tag } from '../parts/tag.js'
import { useToast } from '../parts/toast.js'
import type { McpServer } from './server.js'

/** Limit of `allowedTools`. */
const maxTools = 256

export function ServerTools({ server }: { readonly server: McpServer }): ReactElement {
  const { needs } = useAccess()
  const toast = useToast()
  const test = useTestMcpServer()
  const update = useUpdateMcpServer({ onSuccess: () => toast('The allowed tools were changed.') })
  const [mode, setMode] = useState<'all' | 'listed'>(server.allowedTools === null ? 'all' : 'listed')
  const [listed, setListed] = useState<readonly string[]>(server.allowedTools ?? [])

  const offered = test.data?.test.toolNames ?? []
  const names = [...new Set([...offered, ...(server.allowedTools ?? []), ...listed])]
  const before = server.allowedTools
  const after = mode === 'all' ? null : listed
  const adds = before !== null && (after === null || after.some((name) => !before.includes(name)))
  const isChanged = adds || (before === null ? after !== null : after?.length !== before.length)
  const reason =
    needs('mcp_server:update') ??
    (isChanged ? undefined : 'Nothing was changed.') ??
    (adds ? needs('mcp_approval:decide') : undefined) ??
    (listed.length > maxTools ? `Choose at most ${maxTools} tools.` : undefined)
  const runTest = (
    <Button busy={test.isPending} disabledReason={needs('mcp_server:test')} onClick={() => test.mutate({ serverId: server.id })}>
      {test.isPending ? 'Testing…' : 'Test'}
    </Button>
  )
  return (
    <Card title="Tools" actions={runTest}>
      {test.error && <Problem error={test.error} focused />}
      <div role="status">{test.data && <TestReport result={test.data.test} />}</div>
      <Form error={update.error} fields={[]} onSubmit={() => update.mutate({ id: server.id, allowedTools: after })}>
        <Choices
          label="Agents can list and call"
          options={[
            ['all', 'Every tool', 'Also those that the server adds later'],
            ['listed', 'Chosen tools', 'All others are refused'],
          ]}
          value={mode}
          onChange={setMode}
        />
        {mode === 'listed' && names.length === 0 && <p className="muted">Press Test to list the tools of the server.</p>}
        {mode === 'listed' && names.length > 0 && (
          <ul aria-label="Tools">
            {names.map((name) => (
              <li key={name}>
                <Checkbox
                  label={
                    <>
                      <code>
                        <SafeText text={name} />
                      </code>
                      {test.data?.test.connected && !offered.includes(name) && <span className="note"> not on the server</span>}
                    </>
                  }
                  checked={listed.includes(name)}
                  onChange={(isChecked) => setListed(isChecked ? [...listed, name] : listed.filter((other) => other !== name))}
                />
              </li>
            ))}
          </ul>
        )}
        <FormActions>
          <Button type="submit" busy={update.isPending} disabledReason={reason}>
            Save tools
          </Button>
        </FormActions>
      </Form>
    </Card>
  )
}

function TestReport({ result }: { readonly result: TestMcpServerResult['test'] }): ReactElement {
  const { connected, durationMs, failure, protocolVersion, toolCount } = result
  const duration = `${durationMs.toLocaleString()} ms`
  if (!connected) {
    return (
      <Notice tone="danger">
        <p>
          {failure?.message} <code>{failure?.code}</code> after {duration}
          {failure?.httpStatus != null && `, HTTP status ${failure.httpStatus}`}.
        </p>
      </Notice>
    )
  }
  return (
    <p className="row">
      <Tag tone="ok">Connected</Tag>
      <span>
        MCP {protocolVersion}, {toolCount === 1 ? '1 tool' : `${toolCount.toLocaleString()} tools`}, {duration}.
      </span>
    </p>
  )
}
