/** The key under which e-mail addresses compare: without case. */
export const normalizeEmail = (email: string): string => email.toLowerCase()
