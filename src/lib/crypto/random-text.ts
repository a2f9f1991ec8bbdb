/** Random texts for cookies and tickets: 256 bits as 43 base64url characters. */
import { randomBytes } from 'node:crypto'

export const randomText = (): string => randomBytes(32).toString('base64url')

/** Whether the text has the form of {@link randomText}, and is worth a look-up. */
export const isRandomText = (text: string): boolean => /^[\w-]{43}$/.test(text)
