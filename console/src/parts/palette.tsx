/** Command palette: screens, actions, and any id that is pasted. */
import { Autocomplete } from '@base-ui/react/autocomplete'
import { useNode } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useAccess, useNeedsInProject } from '../access.js'
import { useScopedPath } from '../filters.js'
import { screens } from '../screens.js'
import { Dialog } from './dialog.js'

import classes from './dialog.module.css'
import form from './form.module.css'

interface Command {
  readonly label: string
  readonly path: string
}

const idPattern = /^[a-z]{2,8}(_[a-z]{2,8})?_[0-9a-f]{32}$/

/** Path of an object's screen; types without one lead to their list. */
const nodePaths: Readonly<Record<string, (id: string) => string>> = {
  ApiKey: (id) => `/keys/${id}`,
  AccessToken: () => '/tokens',
  McpServer: (id) => `/servers/${id}`,
  McpToolApproval: (id) => `/approvals/${id}`,
  AuditEvent: (id) => `/audit?event=${id}`,
  EndUser: (id) => `/end-users/${id}`,
  PersonalToken: () => '/me',
  Member: () => '/people',
  User: () => '/people',
  Project: () => '/settings',
}

export function Palette({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [text, setText] = useState('')
  const [, navigate] = useLocation()
  const scoped = useScopedPath()
  const { can } = useAccess()
  const needs = useNeedsInProject()
  const id = text.trim()
  const { data: node } = useNode({ id }, { enabled: idPattern.test(id) })
  const toNode = node ? nodePaths[node.__typename] : undefined
  const commands: Command[] = [
    ...(node && toNode ? [{ label: `Open ${id}`, path: toNode(id) }] : []),
    ...screens.flatMap(({ title, path, permission }) =>
      title !== null && (permission === undefined || can(permission)) ? [{ label: title, path }] : [],
    ),
    ...(needs('api_key:create') === undefined ? [{ label: 'New API key', path: '/keys/new' }] : []),
    ...(needs('mcp_server:create') === undefined ? [{ label: 'Register MCP server', path: '/servers/new' }] : []),
    { label: 'Add personal API token', path: '/me/tokens/new' },
  ]
  const open = ({ path }: Command): void => {
    onClose()
    navigate(scoped(path))
  }
  return (
    <Dialog title="Go to" onClose={onClose}>
      <Autocomplete.Root
        inline
        open
        items={commands}
        value={text}
        onValueChange={(value, { reason }) => reason !== 'item-press' && setText(value)}
        itemToStringValue={({ label }: Command) => label}
        autoHighlight="always"
      >
        <Autocomplete.Input className={form['control']} aria-label="Screen, action or id" placeholder="Screen, action or id" />
        <div>
          <Autocomplete.Empty>
            <p className="muted">Nothing found. Paste a whole id, or clear the text.</p>
          </Autocomplete.Empty>
          <Autocomplete.List className={classes['palette-list']}>
            {(command: Command) => (
              <Autocomplete.Item key={command.path} value={command} className={classes['item']} onClick={() => open(command)}>
                {command.label}
              </Autocomplete.Item>
            )}
          </Autocomplete.List>
        </div>
      </Autocomplete.Root>
      <p className="note">Keys: / search, n new, g and a letter: {shortcutHelp}</p>
    </Dialog>
  )
}

const shortcutHelp = screens.flatMap(({ shortcut, title }) => (shortcut ? [`${shortcut} ${title}`] : [])).join(', ')
