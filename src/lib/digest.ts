/** Digests: SHA-256 of secrets with 190 random bits (no stretching needed), and ids derived from several parts. */
import { hash } from 'node:crypto'

export const sha256 = (text: string): string => hash('sha256', text, 'hex')
