/** A browser without a window: cookies by origin, redirects by hand, and the public origin of the app mapped to its port. */
export class OAuthBrowser {
  readonly #cookies = new Map<string, Map<string, string>>()
  /** URLs that were visited, in order. */
  readonly visited: string[] = []

  constructor(
    private readonly publicOrigin: string,
    private readonly appOrigin: string,
  ) {}

  setCookie(origin: string, name: string, value: string): void {
    const jar = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, jar.set(name, value))
  }

  /** One request. A redirect is not followed. */
  async get(url: string): Promise<Response> {
    this.visited.push(url)
    const { origin } = new URL(url)
    const cookie = [...(this.#cookies.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
    const target = origin === this.publicOrigin ? url.replace(origin, this.appOrigin) : url
    const response = await fetch(target, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } })
    for (const header of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(header) ?? []
      if (name === undefined) continue
      if (value) this.setCookie(origin, name, value)
      else this.#cookies.get(origin)?.delete(name)
    }
    return response
  }

  /** Follows redirects until a page, or until `isEnd` is true of the next URL, which is then returned. */
  async open(url: string, isEnd: (url: string) => boolean = () => false): Promise<{ url: string; response: Response | null }> {
    let next = url
    for (let hops = 0; hops < 20; hops++) {
      if (hops > 0 && isEnd(next)) return { url: next, response: null }
      const response = await this.get(next)
      const location = response.headers.get('location')
      if (location === null) return { url: next, response }
      next = new URL(location, next).href
    }
    throw new Error(`too many redirects: ${this.visited.join(' ')}`)
  }
}
