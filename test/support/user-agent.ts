/** A browser without script: follows redirects and refreshes by hand, and keeps cookies by host, as RFC 6265 has them. */

export interface Visit {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Every URL of the redirects that led here. */
  readonly path: readonly string[]
}

const maxRedirects = 20

/** Target of `<meta http-equiv="refresh">`. */
const refreshOf = (text: string): string | null =>
  /<meta http-equiv="refresh" content="0; url=([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? null

export class UserAgent {
  /** Cookies by host, then by name. Ports share them. */
  readonly #cookies = new Map<string, Map<string, string>>()

  cookies(url: string): Map<string, string> {
    const { hostname } = new URL(url)
    const own = this.#cookies.get(hostname) ?? new Map<string, string>()
    this.#cookies.set(hostname, own)
    return own
  }

  get(url: string): Promise<Visit> {
    return this.visit(url, { method: 'GET' })
  }

  /** Sends a form as a page of the same origin does. */
  post(url: string, form: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Visit> {
    return this.visit(url, { method: 'POST', body: new URLSearchParams(form), headers: { 'sec-fetch-site': 'same-origin', ...headers } })
  }

  async visit(start: string, init: RequestInit): Promise<Visit> {
    const path = [start]
    let request = init
    for (let url = start; ;) {
      const response = await this.#send(url, request)
      const text = await response.text()
      const location = response.headers.get('location') ?? refreshOf(text)
      if (location === null || path.length > maxRedirects) return { url, status: response.status, headers: response.headers, text, path }
      url = new URL(location, url).href
      path.push(url)
      // Another app of the device has taken over.
      if (!/^https?:/.test(url)) return { url, status: response.status, headers: response.headers, text: '', path }
      request = { method: 'GET' }
    }
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const cookies = this.cookies(url)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string> | undefined), ...(cookie === '' ? {} : { cookie }) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/; *max-age=0\b/i.test(line) || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
}
