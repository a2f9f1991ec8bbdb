/** Two small pages of a product: a backend's keys; and an MCP server, for which a user stores credentials of their own. */
import { createClient } from '@keyhouse/client'
import {
  KeyhouseProvider,
  useApiKeys,
  useCreateApiKey,
  useCreateMcpCredential,
  useInfiniteApiKeys,
  useMcpServer,
  useSuspenseViewer,
  useViewer,
} from '@keyhouse/client/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createElement as h, Suspense, useState } from 'react'
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

function Credentials({ server }) {
  const { data, error } = useMcpServer({ id: server, withCredentials: true })
  if (error) return h('p', { role: 'alert' }, error.message)
  if (!data) return h('p', null, 'Loading…')
  return h(
    'section',
    null,
    h('h2', null, `Your credentials for ${data.name}`),
    data.credentials.nodes.length === 0 && h('p', null, 'None yet.'),
    h(
      'ul',
      null,
      data.credentials.nodes.map(({ id, name, authorizationPreview }) =>
        h('li', { key: id }, h('strong', null, name ?? 'without a name'), h('code', null, authorizationPreview)),
      ),
    ),
  )
}

function NewCredential({ server }) {
  const [name, setName] = useState('')
  const [bearerToken, setBearerToken] = useState('')
  const store = useCreateMcpCredential({ onSuccess: () => setBearerToken('') })
  const submit = (event) => {
    event.preventDefault()
    store.mutate({ serverId: server, name, auth: { bearerToken } })
  }
  return h(
    'form',
    { onSubmit: submit },
    h('label', null, 'Name', h('input', { value: name, onChange: (event) => setName(event.target.value) })),
    h(
      'label',
      null,
      'Token',
      h('input', { type: 'password', autoComplete: 'off', value: bearerToken, onChange: (event) => setBearerToken(event.target.value) }),
    ),
    h('button', { disabled: store.isPending }, 'Store'),
    store.error && h('p', { role: 'alert' }, store.error.message),
    store.data && h('output', null, `Stored as ${store.data.credential.name}. It is never shown again.`),
  )
}

function AllKeys() {
  const { data: viewer } = useSuspenseViewer()
  const keys = useInfiniteApiKeys({ first: 2 })
  const labels = keys.data?.pages.flatMap(({ nodes }) => nodes.map(({ id, label }) => h('li', { key: id }, label ?? 'without a label')))
  return h(
    'main',
    null,
    h('h1', null, viewer.organization.name),
    h('ul', null, labels),
    keys.hasNextPage && h('button', { onClick: () => keys.fetchNextPage() }, 'More'),
  )
}

function Page({ server }) {
  const viewer = useViewer()
  const [isOpen, setIsOpen] = useState(true)
  return h(
    'main',
    null,
    h('h1', null, viewer.data ? `${viewer.data.organization.name}, ${viewer.data.environment.toLowerCase()}` : 'Keyhouse'),
    server ? h(Credentials, { server }) : h(Keys),
    isOpen && (server ? h(NewCredential, { server }) : h(NewKey)),
    h('button', { onClick: () => setIsOpen(!isOpen) }, isOpen ? 'Close' : 'Open'),
  )
}

const { url, credential, server, all } = globalThis.keyhouse
// Where a test looks for what must not be there.
globalThis.queryClient = new QueryClient()
createRoot(document.querySelector('#page')).render(
  h(
    QueryClientProvider,
    { client: globalThis.queryClient },
    h(
      KeyhouseProvider,
      { client: createClient({ url, credential }) },
      all ? h(Suspense, { fallback: h('p', null, 'Loading…') }, h(AllKeys)) : h(Page, { server }),
    ),
  ),
)
