/** End users that an API key may act for and name. */
import { Extensions, Field, ObjectType } from 'type-graphql'

import { ApiKeyEndUserMode } from './enums.js'

/** Stored form of a scope. Null: ANYONE, so that a key without a scope has no JSON to parse. */
export type EndUserScope =
  | { readonly mode: 'NOBODY' }
  | { readonly mode: 'LISTED'; readonly externalIds: readonly string[] }
  | { readonly mode: 'PREFIX'; readonly prefix: string }
  | null

@ObjectType('ApiKeyEndUsers', {
  simpleResolvers: true,
  description: 'End users that an API key may act for: by `X-On-Behalf-Of`, by exchange, and in arguments that name an end user.',
})
export class ApiKeyEndUsers {
  @Field(() => ApiKeyEndUserMode, { description: 'Rule that selects the end users.' })
  mode!: ApiKeyEndUserMode

  @Extensions({ isLarge: true })
  @Field(() => [String], { nullable: true, description: 'External ids of the end users. Null unless `mode` is LISTED.' })
  externalIds?: readonly string[] | null

  @Field(() => String, { nullable: true, description: 'Prefix of the external ids. Null unless `mode` is PREFIX.' })
  prefix?: string | null
}
