/** Tags of environments and states. Shape and text carry the meaning; colour only repeats it. */
import type { AuditOutcome, CredentialStatus, Environment, McpToolApprovalStatus } from '@keyhouse/client'
import type { ReactElement, ReactNode } from 'react'

import classes from './text.module.css'

type Tone = 'ok' | 'warn' | 'danger' | 'neutral'

export function Tag({ tone = 'neutral', children }: { readonly tone?: Tone; readonly children: ReactNode }): ReactElement {
  return <span className={`${classes['tag']} ${classes[tone]}`}>{children}</span>
}

const environmentNames: Readonly<Record<Environment, string>> = { SANDBOX: 'Sandbox', PRODUCTION: 'Production' }

export function EnvironmentTag({ environment }: { readonly environment: Environment }): ReactElement {
  return (
    <span className={`${classes['tag']} ${classes[environment === 'SANDBOX' ? 'sandbox' : 'production']}`}>
      {environmentNames[environment]}
    </span>
  )
}

interface ProjectTagProps {
  readonly object: { readonly project: { readonly name: string }; readonly environment: Environment }
}

/** Project of an object, above its environment. */
export function ProjectTag({ object: { project, environment } }: ProjectTagProps): ReactElement {
  return (
    <div>
      {project.name}
      <br />
      <EnvironmentTag environment={environment} />
    </div>
  )
}

const states: Readonly<Record<CredentialStatus | McpToolApprovalStatus, readonly [Tone, string]>> = {
  ACTIVE: ['ok', 'Active'],
  EXPIRED: ['neutral', 'Expired'],
  REVOKED: ['danger', 'Revoked'],
  SUSPENDED: ['warn', 'Suspended'],
  PENDING: ['warn', 'Pending'],
  APPROVED: ['ok', 'Approved'],
  DENIED: ['danger', 'Denied'],
  USED: ['neutral', 'Used'],
}

export function StatusTag({ status }: { readonly status: CredentialStatus | McpToolApprovalStatus }): ReactElement {
  const [tone, text] = states[status]
  return <Tag tone={tone}>{text}</Tag>
}

/** Outcome of an audited action. */
export function OutcomeTag({ outcome }: { readonly outcome: AuditOutcome }): ReactElement {
  return outcome === 'ALLOWED' ? <Tag>Allowed</Tag> : <Tag tone="danger">Denied</Tag>
}
