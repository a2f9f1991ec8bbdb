/** What a newer schema takes from callers of an older one, and no decision record has owned up to. */
export declare function breakingChanges(older: string, newer: string, records?: readonly string[]): string[]
