/** Commands that the screens show: the first request with a key, and the exchange. */

/** POSIX single quotes. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

export const curlCommand = (url: string, query: string, secret = '$KEYHOUSE_API_KEY'): string =>
  [
    `curl ${quote(`${url}/graphql`)}`,
    `-H "Authorization: Bearer ${secret}"`,
    `-H 'Content-Type: application/json'`,
    `-d ${quote(JSON.stringify({ query }))}`,
  ].join(' \\\n  ')

export const viewerQuery = '{ viewer { kind environment permissions } }'

export const exchangeMutation =
  'mutation { exchangeApiKey(input: { externalUserId: "user-1", audience: "https://api.example.com" }) { token userErrors { message } } }'

/** A request for an end user of the product. */
export const onBehalfOfCommand = (url: string, externalUserId = 'user-1', query = '{ viewer { endUser { externalId } } }'): string =>
  curlCommand(url, query).replace(' \\\n', (end) => `${end}  -H ${quote(`X-On-Behalf-Of: ${externalUserId}`)}${end}`)
