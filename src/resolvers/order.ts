/** Which end of a list comes first. */
import { registerEnumType } from 'type-graphql'

export const OrderDirection = { ASC: 'ASC', DESC: 'DESC' } as const
export type OrderDirection = keyof typeof OrderDirection
registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Which end of a list comes first.',
  valuesConfig: { ASC: { description: 'The smallest or earliest first.' }, DESC: { description: 'The largest or latest first.' } },
})
