/** Types of what operations return, taken from the client's generated documents, for the documents that tests write by hand. */
import type * as documents from '@keyhouse/client/documents'

type Documents = typeof documents

/** `T` without null at any depth: a test asserts null where it expects it, and otherwise fails at the first property of null. */
type Present<T> = T extends null | undefined
  ? never
  : T extends readonly (infer Item)[]
    ? Present<Item>[]
    : T extends object
      ? { [K in keyof T]-?: Present<T[K]> }
      : T

type ResultOf<Document> = Document extends { readonly __apiType?: (variables: never) => infer Result } ? Result[keyof Result] : never

/** Result of every query and mutation by field. */
export type Results = {
  [Name in keyof Documents as Name extends `${infer Field}Document` ? Uncapitalize<Field> : never]: Present<ResultOf<Documents[Name]>>
}

/** Payload of every mutation by field. */
export type Payloads = { [Field in keyof Results as Results[Field] extends { userErrors: unknown } ? Field : never]: Results[Field] }

/** Payload of a mutation that the test chooses at run time. */
export type AnyPayload = Payloads[keyof Payloads]
