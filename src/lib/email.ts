/** The key under which e-mail addresses compare: without case. */
export const emailKeyOf = (email: string): string => email.toLowerCase()
