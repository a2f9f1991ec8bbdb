/** Types of sizes.js. */

/** Maximum size in bytes, minified, before compression. */
export declare const limit: number

export interface Size {
  readonly name: string
  /** Size of the function with `createClient`. */
  readonly bytes: number
  /** Size of the function without the client. */
  readonly alone: number
  /** Bundled source files. */
  readonly inputs: readonly string[]
}

/** Largest first. */
export declare function sizes(dist?: string): Promise<Size[]>
