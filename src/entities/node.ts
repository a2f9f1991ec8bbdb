/** What every row of the API has: an id that no other row of any kind shares. */
import { PrimaryKey } from '@mikro-orm/decorators/legacy'
import { Field, ID, InterfaceType } from 'type-graphql'

import { text } from './columns.js'

@InterfaceType('Node', {
  description: 'Something with an id of its own, which `node` finds again.',
  resolveType: (value: object) => value.constructor.name,
})
export abstract class Node {
  @Field(() => ID, { description: 'A prefix that tells the kind, and 32 hexadecimal digits. Opaque otherwise.' })
  @PrimaryKey(text())
  id!: string
}
