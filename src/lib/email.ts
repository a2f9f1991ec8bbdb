/** E-mail addresses: a loose look at their form, and the key under which they compare without case. */

/** Characters. */
export const longestEmail = 320

export const emailKeyOf = (email: string): string => email.toLowerCase()

/** Only what no mail system could deliver to is refused; whether somebody reads it is for the invitation to find out. */
export const isEmail = (text: string): boolean => text.length <= longestEmail && /^[^\s@\p{Cc}\p{Cs}]+@[^\s@\p{Cc}\p{Cs}]+$/u.test(text)
