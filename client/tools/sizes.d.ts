/** Types of sizes.js. */

/** Maximum size in bytes of a function with the client, minified, before compression. */
export declare const limit: number
/** The same for a hook, without React and TanStack Query. */
export declare const hookLimit: number

export interface Size {
  readonly name: string
  /** Size with `createClient`. */
  readonly bytes: number
  /** Size without the client. */
  readonly alone: number
  readonly limit: number
  /** Bundled source files. */
  readonly inputs: readonly string[]
}

/** The functions, then the hooks; each largest first. */
export declare function sizes(dist?: string): Promise<Size[]>
