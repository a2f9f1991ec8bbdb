/** Every operation as a typed document for other GraphQL clients. */
export type { TypedDocument } from './typed-document.js'
export * from './generated/documents.js'
