/** Bytes, minified, before compression. */
export declare const limit: number

export interface Size {
  readonly name: string
  /** With `createClient`. */
  readonly bytes: number
  /** The function by itself. */
  readonly alone: number
  /** The files that went into it. */
  readonly inputs: readonly string[]
}

/** Largest first. */
export declare function sizes(dist?: string): Promise<Size[]>
