/** The list of MCP servers, page by page, and a form that stores the user's credential for each. */
import { useCreateMcpCredential, useInfiniteMcpServers } from '@keyhouse/client/react'

export function Servers() {
  const servers = useInfiniteMcpServers({ first: 20 })
  if (servers.error) return <p role="alert">{servers.error.message}</p>
  return (
    <>
      {servers.data?.pages.map(({ nodes }) => nodes.map(({ id, name }) => <Server key={id} id={id} name={name} />))}
      {servers.hasNextPage && (
        <button disabled={servers.isFetchingNextPage} onClick={() => void servers.fetchNextPage()}>
          More
        </button>
      )}
    </>
  )
}

function Server({ id, name }: { readonly id: string; readonly name: string }) {
  const store = useCreateMcpCredential()
  return (
    <form action={(form) => store.mutate({ serverId: id, auth: { bearerToken: form.get('token') as string } })}>
      <label>
        {name} <input name="token" type="password" autoComplete="off" required />
      </label>
      <button disabled={store.isPending}>Connect</button>
      {store.error && <p role="alert">{store.error.message}</p>}
      {store.data && <output>Connected.</output>}
    </form>
  )
}
