/** The catalogue of permissions in GraphQL's words: what a form for granting them shows. */
import { Field, ObjectType, Query, Resolver } from 'type-graphql'

import { permissions } from '../access/actions.js'
import { MemberRole } from '../entities/enums.js'
import { PermissionScalar } from '../entities/scalars.js'

@ObjectType('PermissionDefinition', {
  description: 'One of the permissions of Keyhouse itself. Those of your own services need no definition here.',
})
class PermissionDefinition {
  @Field(() => PermissionScalar, { description: 'As it is written in grants.' })
  permission!: string

  @Field(() => String, { description: 'In two or three words.' })
  title!: string

  @Field(() => String, { description: 'What it lets its holder do.' })
  description!: string

  @Field(() => [MemberRole], { description: 'The roles that have it.' })
  roles!: readonly MemberRole[]

  @Field(() => Boolean, { description: 'Whether an API key may hold it.' })
  grantableToApiKey!: boolean
}

const definitions: readonly PermissionDefinition[] = Object.entries(permissions).map(([permission, row]) => ({
  permission,
  title: row.title,
  description: row.description,
  roles: row.roles,
  grantableToApiKey: row.grantableToApiKey,
}))

@Resolver()
export class PermissionResolver {
  @Query(() => [PermissionDefinition], { description: "Keyhouse's own permissions. Needs no credential." })
  permissionDefinitions(): readonly PermissionDefinition[] {
    return definitions
  }
}
