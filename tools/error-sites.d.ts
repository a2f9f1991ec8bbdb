interface ErrorText {
  readonly kind: 'user' | 'request' | 'gateway' | 'test' | 'config' | 'command' | 'log'
  readonly code: string | undefined
  readonly status: readonly number[]
  readonly text: string
}

export function collectErrors(userErrors: object, pattern?: string): { rows: ErrorText[]; faults: string[] }
