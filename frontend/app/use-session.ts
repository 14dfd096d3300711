import { onlineManager } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'

import type { SessionState } from './api/session.ts'
import { backoff } from './live/backoff.ts'
import { queryClient, session } from './services.ts'

/** Who is signed in. On the first use it takes up the session of the cookie, as soon as the server can say. */
export function useSession(): SessionState {
  const state = useSyncExternalStore(session.subscribe, session.state)

  useEffect(() => {
    let failures = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    let over = false
    const restore = () =>
      session.restore().catch(() => {
        failures += 1
        if (!over) timer = setTimeout(restore, backoff(failures))
      })
    void restore()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [])

  // Nothing of one user stays for the next.
  useEffect(() => {
    if (state.status === 'signed-out') queryClient.clear()
  }, [state.status])

  return state
}

/** Whether the server answers. */
export function useReachable(): boolean {
  return useSyncExternalStore(
    (changed) => onlineManager.subscribe(changed),
    () => onlineManager.isOnline(),
  )
}
