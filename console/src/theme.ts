/** Colour theme: that of the system, unless the reader chose one. */
export type Theme = 'system' | 'light' | 'dark'

const storageName = 'keyhouse-theme'

export function readTheme(): Theme {
  const theme = localStorage.getItem(storageName)
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

export function applyTheme(): void {
  document.documentElement.dataset['theme'] = readTheme()
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(storageName, theme)
  applyTheme()
}
