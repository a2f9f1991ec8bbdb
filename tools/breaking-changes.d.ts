/** Breaking changes between two schemas that no decision record declares, as described by graphql. */
export declare function breakingChanges(older: string, newer: string, records?: readonly string[]): string[]
