/** GraphQL query for the catalogue of built-in permissions, for user interfaces that grant them. */
import { Field, ObjectType, Query, Resolver } from 'type-graphql'

import { permissions } from '../access/permission-definitions.js'
import { MemberRole } from '../entities/enums.js'
import { PermissionScalar } from '../entities/scalars.js'

@ObjectType('PermissionDefinition', {
  simpleResolvers: true,
  description: 'Built-in permission of Keyhouse. Application permissions, of your own services, need no definition.',
})
class PermissionDefinition {
  @Field(() => PermissionScalar, { description: 'Permission as written in grants: `resource:action`.' })
  permission!: string

  @Field(() => String, { description: 'Short English title for user interfaces.' })
  title!: string

  @Field(() => String, { description: 'English sentence that says what the permission allows.' })
  description!: string

  @Field(() => [MemberRole], { description: 'Roles that hold the permission.' })
  roles!: readonly MemberRole[]

  @Field(() => Boolean, { description: 'True if an API key can hold the permission.' })
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
  @Query(() => [PermissionDefinition], { description: 'All built-in permissions of Keyhouse. Needs no credential.' })
  permissionDefinitions(): readonly PermissionDefinition[] {
    return definitions
  }
}
