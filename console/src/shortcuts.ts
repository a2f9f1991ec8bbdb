/** Keyboard shortcuts: Ctrl/⌘ K, `/`, `n`, and `g` with a letter. */
import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

import { useScopedPath } from './filters.js'
import { screens } from './screens.js'

const storageName = 'keyhouse-shortcuts'
const sequenceMs = 1000

/** Whether single letters are shortcuts. Speech input needs them off (WCAG 2.1.4). */
export const areLettersOn = (): boolean => localStorage.getItem(storageName) !== 'off'

export const setLetters = (isOn: boolean): void => localStorage.setItem(storageName, isOn ? 'on' : 'off')

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

export function useShortcuts(openPalette: () => void): void {
  const [, navigate] = useLocation()
  const scoped = useScopedPath()
  const goUntil = useRef(0)
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { key } = event
      if ((event.ctrlKey || event.metaKey) && key === 'k') {
        event.preventDefault()
        openPalette()
        return
      }
      const isModified = event.ctrlKey || event.metaKey || event.altKey
      if (isModified || isTyping(event.target) || document.querySelector('[role=dialog]') || !areLettersOn()) return
      const path = goUntil.current > event.timeStamp ? screens.find(({ shortcut }) => shortcut === key)?.path : undefined
      goUntil.current = key === 'g' ? event.timeStamp + sequenceMs : 0
      if (path !== undefined) navigate(scoped(path))
      if (key === '?') openPalette()
      const target = { '/': '[data-search]', n: '[data-new]' }[key]
      const element = target === undefined ? null : document.querySelector<HTMLElement>(target)
      if (!element) return
      event.preventDefault()
      if (key === 'n') element.click()
      else element.focus()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  })
}
