/** Formats numbers for GraphQL descriptions. */

/** Groups digits by thousands: `1,000,000`. */
export const formatNumber = (value: number): string => value.toLocaleString('en-US')
