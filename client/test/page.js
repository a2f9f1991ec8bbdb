/** A small page of a product: its user stores a credential of their own for an MCP server, and sees which ones are there. */
import { createClient } from '@keyhouse/client'
import { KeyhouseProvider, useApiKeys, useCreateApiKey, useViewer } from '@keyhouse/client/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createElement as h, useState } from 'react'
import { createRoot } from 'react-dom/client'

function Keys() {
  const { data: page, error } = useApiKeys({ first: 10, withTotalCount: true })
  if (error) return h('p', { role: 'alert' }, error.message)
  if (!page) return h('p', null, 'Loading…')
  return h(
    'section',
    null,
    h('h2', null, `Keys (${page.totalCount})`),
    h(
      'ul',
      null,
      page.nodes.map(({ id, label, preview }) =>
        h('li', { key: id }, h('strong', null, label ?? 'without a label'), h('code', null, preview)),
      ),
    ),
  )
}

function NewKey() {
  const [label, setLabel] = useState('')
  const create = useCreateApiKey()
  const submit = (event) => {
    event.preventDefault()
    create.mutate({ label, permissions: [] })
  }
  return h(
    'form',
    { onSubmit: submit },
    h('label', null, 'Label', h('input', { value: label, onChange: (event) => setLabel(event.target.value) })),
    h('button', { disabled: create.isPending }, 'Create'),
    create.error && h('p', { role: 'alert' }, create.error.message),
    create.data && h('output', null, 'Shown once: ', h('code', null, create.data.secret)),
  )
}

function Page() {
  const viewer = useViewer()
  const [isOpen, setIsOpen] = useState(true)
  return h(
    'main',
    null,
    h('h1', null, viewer.data ? `${viewer.data.organization.name}, ${viewer.data.environment.toLowerCase()}` : 'Keyhouse'),
    h(Keys),
    isOpen && h(NewKey),
    h('button', { onClick: () => setIsOpen(!isOpen) }, isOpen ? 'Close' : 'Open'),
  )
}

const { url, credential } = globalThis.keyhouse
// Where a test looks for what must not be there.
globalThis.queryClient = new QueryClient()
createRoot(document.querySelector('#page')).render(
  h(QueryClientProvider, { client: globalThis.queryClient }, h(KeyhouseProvider, { client: createClient({ url, credential }) }, h(Page))),
)
