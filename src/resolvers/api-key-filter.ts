/** Filter and order of lists of API keys. */
import { Field, ID, InputType, registerEnumType } from 'type-graphql'

import { orderFields, type ApiKeyQuery, type ApiKeySorting } from '../api-keys/list-api-keys.js'
import { CredentialStatus, Environment } from '../entities/enums.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { OrderDirection } from './connection.js'

const ApiKeyOrderField = Object.fromEntries(Object.keys(orderFields).map((field) => [field, field]))
registerEnumType(ApiKeyOrderField, {
  name: 'ApiKeyOrderField',
  description: 'What a list of keys is ordered by; ties are broken by id.',
  valuesConfig: {
    CREATED_AT: { description: 'When the key was made.' },
    LABEL: { description: 'The label, byte by byte; keys without one count as smallest.' },
    LAST_USED_AT: { description: 'When the key was last used; never counts as earliest.' },
  },
})

@InputType('ApiKeyOrder', { description: 'How a list of keys is ordered.' })
export class ApiKeyOrder implements ApiKeySorting {
  @Field(() => ApiKeyOrderField, { description: 'By what.' })
  field!: ApiKeySorting['field']

  @Field(() => OrderDirection, { description: 'Which end comes first.' })
  direction!: OrderDirection
}

@InputType('ApiKeyFilter', { description: 'Which keys; what is left out does not narrow.' })
export class ApiKeyFilter implements ApiKeyQuery {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => [CredentialStatus], { nullable: true, description: 'Those in any of these states.' })
  statuses?: CredentialStatus[] | null

  @Field(() => String, { nullable: true, description: 'Those whose label contains this, without regard to case: at most 255 characters.' })
  search?: string | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Those that end before this moment.' })
  expiresBefore?: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Those not used since this moment, or never.' })
  unusedSince?: Date | null
}
