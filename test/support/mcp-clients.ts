/** Runs the same MCP session through both official client SDKs. */
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js'

export interface Destination {
  readonly url: string
  readonly headers: Record<string, string>
}

interface CallOptions {
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void
  readonly signal?: AbortSignal
  readonly onresumptiontoken?: (token: string) => void
  readonly resumptionToken?: string
}

/** Common interface of both client SDKs. */
export interface AnyClient {
  /** The older SDK's client is cast: the methods that the tests call have the same results. */
  readonly client: NewClient
  readonly transport: { readonly sessionId?: string | undefined; terminateSession(): Promise<void>; close(): Promise<void> }
  readonly call: (name: string, args: object, options?: CallOptions) => Promise<object>
  readonly close: () => Promise<void>
}

export type Generation = 'sdk' | 'client'

const info = { name: 'a-client', version: '1' }
const capabilities = { sampling: {}, roots: {} }
const sampled = { model: 'none', role: 'assistant', content: { type: 'text', text: 'a sample' } } as const

export async function connectClient(
  generation: Generation,
  { url, headers }: Destination,
  sessionId?: string,
  mode: 'legacy' | 'auto' = 'legacy',
): Promise<AnyClient> {
  const options = { requestInit: { headers }, ...(sessionId === undefined ? {} : { sessionId }) }
  if (generation === 'sdk') {
    const client = new OldClient(info, { capabilities })
    client.setRequestHandler(CreateMessageRequestSchema, () => sampled)
    const transport = new OldTransport(new URL(url), options)
    await client.connect(transport)
    return {
      client: client as unknown as NewClient,
      transport,
      call: (name, args, more) => client.callTool({ name, arguments: { ...args } }, undefined, more),
      close: () => client.close(),
    }
  }
  const client = new NewClient(info, { capabilities, versionNegotiation: { mode } })
  client.setRequestHandler('sampling/createMessage', () => sampled)
  const transport = new NewTransport(new URL(url), options)
  await client.connect(transport)
  return {
    client,
    transport,
    call: (name, args, more) => client.callTool({ name, arguments: { ...args } }, more),
    close: () => client.close(),
  }
}

/** Code and message of a failed request, whatever its error class. */
const faultOf = (error: unknown): object => ({
  code: Reflect.get(Object(error), 'code'),
  message: error instanceof Error ? error.message : String(error),
})

async function cancelled({ call }: AnyClient): Promise<object> {
  const controller = new AbortController()
  const running = call(
    'trigger-long-running-operation',
    { duration: 30, steps: 300 },
    { signal: controller.signal, onprogress: () => controller.abort('enough') },
  )
  return running.then(
    (result: object) => ({ result }),
    (error: unknown) => ({ fault: faultOf(error) }),
  )
}

/** Runs one session with `server-everything`; returns all of its results. */
export async function converse(session: AnyClient): Promise<Record<string, unknown>> {
  const { client, call } = session
  const progress: unknown[] = []
  const onprogress = (one: object): unknown => progress.push(one)
  const { resources } = await client.listResources()
  return {
    server: [client.getServerVersion(), client.getServerCapabilities(), client.getInstructions()],
    tools: await client.listTools(),
    echo: await call('echo', { message: 'Grüße, 世界 \u{1F511}' }),
    sum: await call('get-sum', { a: 2, b: 0.5 }),
    image: await call('get-tiny-image', {}),
    structured: await call('get-structured-content', { location: 'Chicago' }),
    wrong: await call('get-sum', { a: 'two' }).catch(faultOf),
    unknown: await client.readResource({ uri: 'nothing://there' }).catch(faultOf),
    long: await call('trigger-long-running-operation', { duration: 0.3, steps: 3 }, { onprogress }),
    progress,
    sampled: await call('trigger-sampling-request', { prompt: 'say', maxTokens: 5 }),
    resources,
    templates: await client.listResourceTemplates(),
    read: await client.readResource({ uri: resources[0]!.uri }),
    prompts: await client.listPrompts(),
    prompt: await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Basel' } }),
    complete: await client.complete({
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    }),
    ping: await client.ping(),
    cancelled: await cancelled(session),
    after: await call('echo', { message: 'still there' }),
  }
}
