/** Milliseconds a message stays: time to read a sentence and to reach its button. */
const SHOWN_FOR_MS = 7_000
/** Messages on screen at once; the oldest makes room. */
const SHOWN_MAX = 3

export interface Toast {
  id: number
  text: string
  action?: { label: string; run: () => void }
}

let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

/** Shows a short message, perhaps with one thing to do about it. */
export function toast(text: string, action?: Toast['action']): void {
  const id = ++lastId
  set([...toasts, { id, text, ...(action && { action }) }].slice(-SHOWN_MAX))
  setTimeout(() => dismiss(id), SHOWN_FOR_MS)
}

export function dismiss(id: number): void {
  set(toasts.filter((one) => one.id !== id))
}

/** What is shown; the same array until it changes. */
export const shownToasts = (): readonly Toast[] => toasts

export function subscribeToasts(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function set(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}
