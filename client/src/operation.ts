/** What the core knows of an operation: its text, and what it may do with it. */

export interface Operation {
  /** The field, which is the name of the function too: `createApiKey`. */
  readonly name: string
  /** The document as it is sent. */
  readonly text: string
  readonly kind: 'query' | 'mutation'
  /** The name of the one variable that the function takes bare: a mutation's `input`. */
  readonly bare?: string
}

type Bare<P> = Exclude<keyof P, 'userErrors'>

/**
 * What a mutation that was not refused answers. Its fields are null only beside a refusal, which is thrown; all but
 * those named in `Kept`, which a repeated idempotency key answers without: a secret is shown once.
 */
export type Succeeded<P, Kept extends PropertyKey = never> = {
  readonly [K in Bare<NonNullable<P>>]: K extends Kept ? NonNullable<P>[K] : NonNullable<NonNullable<P>[K]>
}
