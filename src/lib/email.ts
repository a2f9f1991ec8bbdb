/** Comparison key of an e-mail address: its lower-case form. */
export const normalizeEmail = (email: string): string => email.toLowerCase()
