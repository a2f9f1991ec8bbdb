import type { ApolloClient } from '@apollo/client'
/** What the compiler must accept, and what it must refuse: each line below an expect-error is a fault that it has to see. */
import {
  ApiError,
  apiKey,
  apiKeys,
  createClient,
  createMcpCredential,
  exchangeApiKey,
  mcpServer,
  nodes,
  UserErrorsError,
  viewer,
} from '@keyhouse/client'
import type { ApiErrorCode, CreateApiKeyInput, UserErrorCode } from '@keyhouse/client'
import { ApiKeysDocument, ExchangeApiKeyDocument } from '@keyhouse/client/documents'
import {
  useApiKeys,
  useCreateApiKey,
  useExchangeApiKey,
  useInfiniteApiKeys,
  useSuspenseApiKeys,
  useSuspenseViewer,
} from '@keyhouse/client/react'
import type { Client as UrqlClient } from '@urql/core'
import type { GraphQLClient } from 'graphql-request'

const client = createClient({ url: 'http://localhost:4000', credential: () => Promise.resolve('kh_sand_'), retries: 1 })

export async function functions(): Promise<void> {
  const exchanged = await exchangeApiKey(client, { audience: 'https://api.example.com', externalUserId: 'user-1' })
  const token: string = exchanged.token
  const until: string = exchanged.accessToken.expiresAt
  void [token, until]

  const page = await apiKeys(client, { first: 10, filter: { statuses: ['ACTIVE'] }, withTotalCount: true }, { retries: 0 })
  for (const { id, label, createdBy } of page.nodes) {
    const name: string | null = createdBy && 'email' in createdBy ? createdBy.name : label
    void [id, name]
  }
  void apiKeys(client)
  void viewer(client, { signal: AbortSignal.timeout(1000) })

  // @ts-expect-error there is no such field in the input
  void exchangeApiKey(client, { audience: 'https://api.example.com', externalUser: 'user-1' })
  // @ts-expect-error the audience is missing
  void exchangeApiKey(client, { externalUserId: 'user-1' })
  // @ts-expect-error the input is missing
  void exchangeApiKey(client)
  // @ts-expect-error seconds are a number
  void exchangeApiKey(client, { audience: 'https://api.example.com', expiresIn: '3600' })
  // @ts-expect-error the id is missing
  void apiKey(client, {})
  // @ts-expect-error null is no list of ids
  void nodes(client, { ids: null })
  // @ts-expect-error there is no such state
  void apiKeys(client, { filter: { statuses: ['LOST'] } })
  // @ts-expect-error there is no such field in the answer
  void exchanged.secret
  // @ts-expect-error refusals are thrown, not answered
  void exchanged.userErrors
  // @ts-expect-error it may not be there
  page.totalCount.toFixed()
  void createMcpCredential(client, { serverId: 'mcp_srv_', auth: { bearerToken: 'x' } })
  void createMcpCredential(client, { serverId: 'mcp_srv_', auth: { headers: [{ name: 'X-Key', value: 'x' }] } })
  const server = await mcpServer(client, { id: 'mcp_srv_', withCredentials: true })
  const previews: (string | null)[] | undefined = server?.credentials?.nodes.map(({ authorizationPreview }) => authorizationPreview)
  void previews
  // @ts-expect-error exactly one way to authenticate, not two
  void createMcpCredential(client, { serverId: 'mcp_srv_', auth: { bearerToken: 'x', none: 'NONE' } })
  // @ts-expect-error exactly one way to authenticate, not none
  void createMcpCredential(client, { serverId: 'mcp_srv_', auth: {} })
  // @ts-expect-error a credential is not told
  void (await createMcpCredential(client, { serverId: 'mcp_srv_', auth: { bearerToken: 'x' } })).credential.bearerToken
  // @ts-expect-error the URL is missing
  createClient({ credential: 'kh_sand_' })
}

export async function caller(): Promise<string | null> {
  const me = await viewer(client)
  if (me.kind === 'PERSONAL_TOKEN') {
    const [email, none]: [string, null] = [me.user.email, me.project]
    void none
    // @ts-expect-error a member acts for no end user
    void me.endUser.externalId
    return email
  }
  const [project, environment, issuer]: [string, 'SANDBOX' | 'PRODUCTION', string] = [me.project.slug, me.environment, me.issuer]
  void [project, environment, issuer]
  // @ts-expect-error a key or an access token is no person's
  void me.user.email
  if (me.kind === 'ACCESS_TOKEN') return me.endUser.externalId + me.expiresAt
  // @ts-expect-error null while the key acts for an end user
  void me.apiKey.preview
  if (me.endUser) return me.endUser.externalId
  return me.apiKey.preview
}

export function failures(error: unknown): UserErrorCode | ApiErrorCode | undefined {
  if (error instanceof UserErrorsError) {
    const path: readonly string[] | null = error.errors[0].path
    void path
    // @ts-expect-error there is no such code
    if (error.code === 'WRONG') return undefined
    return error.code
  }
  if (error instanceof ApiError) {
    const { status, requestId }: { status: number; requestId: string | null } = error
    void [status, requestId]
    return error.code
  }
  return undefined
}

export function hooks(): void {
  const keys = useApiKeys({ first: 10 }, { select: (page) => page.nodes.map(({ id }) => id), staleTime: 1000 })
  const ids: string[] | undefined = keys.data
  void ids
  const create = useCreateApiKey({ onSuccess: ({ apiKey: made }) => made.id })
  const input: CreateApiKeyInput = { label: 'CI' }
  create.mutate(input)
  const text: string | null | undefined = create.data?.secret
  void text

  const page: number = useSuspenseApiKeys({ first: 10 }).data.nodes.length
  const organization: string = useSuspenseViewer().data.organization.name
  const all = useInfiniteApiKeys({ first: 10 })
  const every: number[] | undefined = all.data?.pages.map(({ nodes: { length } }) => length)
  const flat = useInfiniteApiKeys({}, { select: ({ pages }) => pages.flatMap((one) => one.nodes.map(({ id }) => id)), staleTime: 1000 })
  const together: string[] | undefined = flat.data
  void [page, organization, every, together, all.fetchNextPage]

  // @ts-expect-error the cursor is the hook's own
  useInfiniteApiKeys({ after: 'x' })
  // @ts-expect-error a suspending query has nothing to wait for
  useSuspenseApiKeys({}, { enabled: false })
  // @ts-expect-error the input is missing
  create.mutate()
  // @ts-expect-error there is no such argument
  useApiKeys({ firts: 10 })
  // @ts-expect-error the audience is missing
  void useExchangeApiKey().mutateAsync({})
}

export async function documents(apollo: ApolloClient, urql: UrqlClient, request: GraphQLClient): Promise<void> {
  const one = await apollo.query({ query: ApiKeysDocument, variables: { first: 1 } })
  const two = await urql.query(ApiKeysDocument, { first: 1 })
  const three = await request.request(ApiKeysDocument, { first: 1 })
  const same: (string | undefined)[] = [one.data?.apiKeys.nodes[0]?.id, two.data?.apiKeys.nodes[0]?.id, three.apiKeys.nodes[0]?.id]
  void same

  // @ts-expect-error the input is missing
  void apollo.mutate({ mutation: ExchangeApiKeyDocument, variables: {} })
  // @ts-expect-error the audience is a text
  void urql.mutation(ExchangeApiKeyDocument, { input: { audience: 1 } })
  // @ts-expect-error the variables are missing
  void request.request(ExchangeApiKeyDocument)
  // @ts-expect-error a number is asked for
  void request.request(ApiKeysDocument, { first: 'one' })
  // @ts-expect-error the document does not ask for it
  void three.apiKeys.edges
}
