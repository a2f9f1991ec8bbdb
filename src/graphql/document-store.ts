/** Caches of Apollo Server, bounded by the characters of the documents: parsed documents, and automatic persisted queries. */
import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache'
import type { DocumentNode } from 'graphql'

/** Of all texts in one cache. A syntax tree takes about fifty times as much memory as its text. */
export const maxCachedCharacters = 500_000
/** Characters that each entry counts besides, so that many small documents do not exceed the memory. */
const entryOverhead = 200

/** Valid documents by hash: a repeated one is neither parsed nor validated again. */
export const createDocumentStore = (): InMemoryLRUCache<DocumentNode> =>
  new InMemoryLRUCache({ maxSize: maxCachedCharacters, sizeCalculation: ({ loc }) => (loc?.source.body.length ?? 0) + entryOverhead })

/** Texts by hash. Least recently used ones are evicted; clients then send the text again. */
export const createPersistedQueryCache = (): InMemoryLRUCache =>
  new InMemoryLRUCache({ maxSize: maxCachedCharacters, sizeCalculation: (text) => text.length + entryOverhead })
