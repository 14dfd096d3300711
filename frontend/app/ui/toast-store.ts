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
const timers = new Map<number, ReturnType<typeof setTimeout>>()
let held = false
const listeners = new Set<() => void>()

/** Shows a short message, perhaps with one thing to do about it. */
export function toast(text: string, action?: Toast['action']): void {
  const id = ++lastId
  set([...toasts, { id, text, ...(action && { action }) }].slice(-SHOWN_MAX))
  if (!held) count(id)
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id))
  timers.delete(id)
  set(toasts.filter((one) => one.id !== id))
}

/** Keeps what is shown while somebody is at it with the pointer or the keyboard; their time begins anew afterwards. */
export function hold(on: boolean): void {
  held = on
  if (!on) return toasts.forEach(({ id }) => count(id))
  for (const timer of timers.values()) clearTimeout(timer)
  timers.clear()
}

function count(id: number): void {
  clearTimeout(timers.get(id))
  timers.set(
    id,
    setTimeout(() => dismiss(id), SHOWN_FOR_MS),
  )
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
