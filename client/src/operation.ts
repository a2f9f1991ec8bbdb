/** Descriptor of an operation, and the result type of a successful mutation. */

export interface Operation {
  /** Name of the root field and of the generated function, such as `createApiKey`. */
  readonly name: string
  /** GraphQL document as sent. */
  readonly text: string
  readonly kind: 'query' | 'mutation'
  /** Name of the variable that the function takes as its argument: a mutation's `input`. */
  readonly inputVariable?: string
}

type ResultField<P> = Exclude<keyof P, 'userErrors'>

/**
 * Result of a successful mutation. Payload fields are null only beside user errors, which are thrown. The exceptions are
 * the fields in `NullableOnReplay`: a secret is shown once, and is null when an idempotency key is repeated.
 */
export type MutationResult<P, NullableOnReplay extends PropertyKey = never> = {
  readonly [K in ResultField<NonNullable<P>>]: K extends NullableOnReplay ? NonNullable<P>[K] : NonNullable<NonNullable<P>[K]>
}
