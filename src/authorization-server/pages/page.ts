/** Pages for end users: server-rendered, without script, and never in a frame or a cache. */
import { hash } from 'node:crypto'

import type { FastifyReply } from 'fastify'

import { Html, html } from './html.js'
import { pageStyle } from './page-style.js'

const styleElement = new Html(`<style>${pageStyle}</style>`)
const styleDigest = hash('sha256', pageStyle, 'base64')

interface Page {
  readonly title: string
  /** Content of `main`, after the heading. */
  readonly body: Html
  readonly status?: number
  /** Targets of the forms and of their redirects, as CSP sources: `'self'`, an origin, or a scheme with its colon. */
  readonly formAction?: readonly string[]
  /** Where the browser goes from the page, at once. */
  readonly next?: string
}

/** One character of these would end the directive or the header. */
const isSource = (source: string): boolean => /^[\x21-\x2B\x2D-\x3A\x3C-\x7E]+$/.test(source)

function contentSecurityPolicy(formAction: readonly string[]): string {
  const targets = formAction.filter(isSource)
  return [
    `default-src 'none'`,
    `style-src 'sha256-${styleDigest}'`,
    `img-src data:`,
    `base-uri 'none'`,
    // Also limits the redirects that answer a form.
    `form-action ${targets.length > 0 ? targets.join(' ') : `'none'`}`,
    `frame-ancestors 'none'`,
  ].join('; ')
}

export function sendPage(reply: FastifyReply, { title, body, status = 200, formAction = [], next }: Page): FastifyReply {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${next !== undefined && html`<meta http-equiv="refresh" content="0; url=${next}" />`} ${styleElement}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `
  return reply
    .code(status)
    .headers({
      'content-security-policy': contentSecurityPolicy(formAction),
      // The address of a page has codes and requests.
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
    })
    .type('text/html; charset=utf-8')
    .send(document.text)
}

/** 303: the browser follows with GET, and never repeats a form elsewhere (RFC 9700 §4.12). */
export const sendRedirect = (reply: FastifyReply, url: string): FastifyReply =>
  reply.headers({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }).redirect(url, 303)

/**
 * A page that continues by itself, where a redirect may be refused. Browsers count a redirect as part of the form that began the
 * navigation, here or at another service. The `form-action` of that form's page must have its target (CSP Level 3 §6.3.1.1).
 */
export const sendNext = (reply: FastifyReply, { title, body, next }: { title: string; body: Html; next: string }): FastifyReply =>
  sendPage(reply, {
    title,
    body: html`${body}
      <p><a href="${next}">Continue</a></p>`,
    next,
  })
