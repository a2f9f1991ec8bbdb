/** Filter and order inputs of the list of API keys. */
import { Field, ID, InputType, registerEnumType } from 'type-graphql'

import { apiKeyOrderFields, type ApiKeyFilterArgs, type ApiKeyOrderArgs } from '../api-keys/list-api-keys.js'
import { CredentialStatus, Environment } from '../entities/enums.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { maxFilterValues } from '../validation/filters.js'
import { OrderDirection } from './connection.js'
import { environmentFilter, projectFilter, searchFilter } from './descriptions.js'

const ApiKeyOrderField = Object.fromEntries(Object.keys(apiKeyOrderFields).map((field) => [field, field]))
registerEnumType(ApiKeyOrderField, {
  name: 'ApiKeyOrderField',
  description: 'Field that a list of API keys is ordered by. Ties are ordered by id.',
  valuesConfig: {
    CREATED_AT: { description: 'Creation time.' },
    LABEL: { description: 'Label, compared byte by byte. A null label is smallest.' },
    LAST_USED_AT: { description: 'Time of last use. A key that was never used is smallest.' },
  },
})

@InputType('ApiKeyOrder', { description: 'Order of a list of API keys.' })
export class ApiKeyOrder implements ApiKeyOrderArgs {
  @Field(() => ApiKeyOrderField, { description: 'Field to order by.' })
  field!: ApiKeyOrderArgs['field']

  @Field(() => OrderDirection, { description: 'Ascending or descending.' })
  direction!: OrderDirection
}

@InputType('ApiKeyFilter', { description: 'Filters API keys. Omitted fields do not filter.' })
export class ApiKeyFilter implements ApiKeyFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => [CredentialStatus], {
    nullable: true,
    description: `Matches any of these statuses: at most ${maxFilterValues} entries. An empty list matches nothing.`,
  })
  statuses?: CredentialStatus[] | null

  @Field(() => String, { nullable: true, description: searchFilter('label') })
  search?: string | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'Matches keys that expire before this time, expired keys included: `statuses` excludes them. Keys without expiry do not match.',
  })
  expiresBefore?: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Matches keys not used since this time, including keys never used.' })
  unusedSince?: Date | null
}
