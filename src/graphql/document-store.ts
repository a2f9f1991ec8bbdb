/** Caches of Apollo Server, bounded by the characters of the documents: parsed documents, and automatic persisted queries. */
import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache'
import type { DocumentNode } from 'graphql'

/** Maximum total of characters in one cache. A parsed document takes about fifty times the memory of its text. */
export const maxCachedCharacters = 500_000
/** Characters added for each entry, so that many small documents stay within the memory limit. */
const entryOverhead = 200

/** Valid documents by hash, which skip parsing and validation when they are repeated. */
export const createDocumentStore = (): InMemoryLRUCache<DocumentNode> =>
  new InMemoryLRUCache({ maxSize: maxCachedCharacters, sizeCalculation: ({ loc }) => (loc?.source.body.length ?? 0) + entryOverhead })

/** Query texts by hash. After an eviction the client sends the text again (PersistedQueryNotFound). */
export const createPersistedQueryCache = (): InMemoryLRUCache =>
  new InMemoryLRUCache({ maxSize: maxCachedCharacters, sizeCalculation: (text) => text.length + entryOverhead })
