/** Name of the principal behind an action, with a link where it has a screen. */
import type { ReactElement } from 'react'

import { ScreenLink } from './button.js'

export type ActorValue =
  | { readonly __typename: 'ApiKey'; readonly id: string; readonly label: string | null; readonly preview: string }
  | { readonly __typename: 'EndUser'; readonly id: string; readonly externalId: string }
  | { readonly __typename: 'User'; readonly id: string; readonly email: string; readonly name: string }

export const actorName = (actor: ActorValue): string => {
  if (actor.__typename === 'ApiKey') return actor.label ?? actor.preview
  return actor.__typename === 'EndUser' ? actor.externalId : actor.name
}

export function Actor({ actor, missing = 'Not visible' }: { readonly actor: ActorValue | null; readonly missing?: string }): ReactElement {
  if (actor === null) return <span className="muted">{missing}</span>
  if (actor.__typename === 'ApiKey') return <ScreenLink to={`/keys/${actor.id}`}>{actorName(actor)}</ScreenLink>
  if (actor.__typename === 'EndUser') return <ScreenLink to={`/end-users/${actor.id}`}>{actorName(actor)}</ScreenLink>
  return <span title={actor.email}>{actorName(actor)}</span>
}

interface EventActorProps {
  readonly actor: ActorValue | null
  /** Null: the command line, a job, a renewal of tokens, or several actors. */
  readonly actorId: string | null
}

export const EventActor = ({ actor, actorId }: EventActorProps): ReactElement => (
  <Actor actor={actor} missing={actorId === null ? 'System' : 'Not visible'} />
)
