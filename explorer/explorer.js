/** GraphiQL for this server, without requests to other origins and without persistent storage. */
import 'graphiql/style.css'
import './explorer.css'
import { GraphiQL } from 'graphiql'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'

import { send } from './fetcher.js'
import { memoryStorage } from './memory-storage.js'

const workers = { graphql: 'graphql.worker', json: 'json.worker' }
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(`/explorer/${workers[label] ?? 'editor.worker'}.js`, { type: 'module' }),
}

const firstDocument = `# 1. Put an API key or a token behind "Bearer",
#    under Headers. It is forgotten with this page.
# 2. Press Ctrl-Enter.
# Hold the pointer over a name to read what it is.
# Ctrl-Space completes.
query WhoAmI {
  viewer {
    kind
    environment
    permissions
    organization {
      name
    }
    project {
      name
    }
  }
}
`

createRoot(document.querySelector('#explorer')).render(
  createElement(
    GraphiQL,
    {
      fetcher: send,
      storage: memoryStorage(),
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
      defaultQuery: firstDocument,
      defaultHeaders: JSON.stringify({ Authorization: 'Bearer ' }, null, 2),
      defaultEditorToolsVisibility: 'headers',
    },
    createElement(GraphiQL.Logo, null, createElement('span', { className: 'house' }, 'Keyhouse')),
  ),
)
