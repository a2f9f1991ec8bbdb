/** Base class of API objects: an id that is unique across all types. */
import { PrimaryKey } from '@mikro-orm/decorators/legacy'
import { Field, ID, InterfaceType } from 'type-graphql'

import { text } from './columns.js'

@InterfaceType('Node', {
  description: 'Object with a globally unique id (Relay). `node` and `nodes` return it by that id.',
  resolveType: (value: object) => value.constructor.name,
})
export abstract class Node {
  @Field(() => ID, { description: 'Globally unique id: a prefix for the type, `_` and 32 hexadecimal digits. Never changes.' })
  @PrimaryKey(text())
  id!: string
}
