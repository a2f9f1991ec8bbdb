/** Rate limit of an API key, stored in the row of the key. */
import { Field, Int, ObjectType } from 'type-graphql'

import { RateLimitWindow } from './enums.js'

@ObjectType('RateLimit', {
  simpleResolvers: true,
  description: 'Rate limit of an API key: a maximum number of requests in a fixed window.',
})
export class RateLimit {
  @Field(() => RateLimitWindow, { description: 'Length of the window. An API key has at most one limit per window length.' })
  window!: RateLimitWindow

  @Field(() => Int, { description: 'Number of requests accepted in one window: 1 to 1,000,000,000 requests.' })
  max!: number
}
