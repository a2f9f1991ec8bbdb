/** SHA-256 digests. Secrets have at least 190 random bits, so they need no key stretching. */
import { hash } from 'node:crypto'

export const sha256 = (text: string): string => hash('sha256', text, 'hex')
