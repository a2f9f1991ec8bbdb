/** Check of a pasted access token or API key. The pasted text is dropped as the check ends. */
import type { IntrospectTokenResult, VerifyApiKeyResult } from '@keyhouse/client'
import { useIntrospectToken, useVerifyApiKey } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Actor } from '../parts/actor.js'
import { Button } from '../parts/button.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { Json } from '../parts/json.js'
import { Card, Facts } from '../parts/page.js'
import { Tag } from '../parts/tag.js'
import { Moment } from '../parts/time.js'

/** Compact serialization of a JWT (RFC 7519): three parts in base64url. */
const jwtPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/

export function CheckCredential(): ReactElement {
  const { needs } = useAccess()
  const [text, setText] = useState('')
  const clear = (): void => setText('')
  const introspect = useIntrospectToken({ onSuccess: clear })
  const verify = useVerifyApiKey({ onSuccess: clear })
  const pasted = text.trim()
  const isToken = jwtPattern.test(pasted)
  function check(): void {
    introspect.reset()
    verify.reset()
    if (isToken) introspect.mutate({ token: pasted })
    else verify.mutate({ secret: pasted })
  }
  return (
    <Card title="Check a token or key">
      <Form error={introspect.error ?? verify.error} fields={['token', 'secret']} onSubmit={check}>
        <Field
          name={isToken ? 'token' : 'secret'}
          label="Access token or API key"
          help="It is sent to Keyhouse only, and not stored."
          type="password"
          required
          value={text}
          onChange={setText}
        />
        <FormActions>
          <Button
            type="submit"
            busy={introspect.isPending || verify.isPending}
            disabledReason={needs(isToken ? 'access_token:introspect' : 'api_key:verify')}
          >
            Check
          </Button>
        </FormActions>
      </Form>
      <div role="status">
        {introspect.data && <TokenReport introspection={introspect.data.introspection} />}
        {verify.data && <KeyReport verdict={verify.data.verdict} />}
      </div>
    </Card>
  )
}

function TokenReport({ introspection }: { readonly introspection: IntrospectTokenResult['introspection'] }): ReactElement {
  const { active, audience, claims, expiresAt, permissions } = introspection
  if (!active) {
    return (
      <p className="row">
        <Tag tone="danger">Not active</Tag>
        <span>The token is unknown, expired, revoked, personal, or not visible to you.</span>
      </p>
    )
  }
  return (
    <div className="stack">
      <p className="row">
        <Tag tone="ok">Active</Tag>
        <span>Keyhouse accepts this token.</span>
      </p>
      <Facts
        rows={[
          ['Audience', <code key="audience">{audience}</code>],
          ['Ends', <Moment key="ends" at={expiresAt} />],
          ['Permissions', permissions?.length ? <code key="permissions">{permissions.join(', ')}</code> : 'None'],
        ]}
      />
      <Json value={claims} label="Claims" />
    </div>
  )
}

const verdicts: Readonly<Record<string, string>> = {
  VALID: 'Keyhouse accepts this key.',
  NOT_FOUND: 'No API key of this organization has this secret.',
  REVOKED: 'The key was revoked.',
  SUSPENDED: 'The key is suspended.',
  EXPIRED: 'The key has expired.',
  RATE_LIMITED: 'The key has used up a rate limit.',
}

function KeyReport({ verdict }: { readonly verdict: VerifyApiKeyResult['verdict'] }): ReactElement {
  const { apiKey, code, valid } = verdict
  return (
    <p className="row">
      <Tag tone={valid ? 'ok' : 'danger'}>{valid ? 'Valid' : 'Not valid'}</Tag>
      <span>{verdicts[code] ?? code}</span>
      {apiKey && <Actor actor={{ __typename: 'ApiKey', ...apiKey }} />}
    </p>
  )
}
