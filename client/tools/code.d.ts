/** Types of code.js. */

/** The files of src/generated, by name without `.ts`. */
export declare function code(
  schemaText: string,
  sources: readonly { readonly location: string; readonly text: string }[],
): Promise<Record<'types' | 'operations' | 'hooks' | 'documents', string>>
