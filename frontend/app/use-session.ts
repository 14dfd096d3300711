import { onlineManager } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'

import type { SessionState } from './api/session.ts'
import { queryClient, session } from './services.ts'

/** Who is signed in. On the first use it takes up the session of the cookie, as soon as the server answers. */
export function useSession(): SessionState {
  const state = useSyncExternalStore(session.subscribe, session.state)

  useEffect(() => {
    // An unanswered attempt is repeated when the server is back.
    const restore = () => void session.restore().catch(() => {})
    restore()
    return onlineManager.subscribe((online) => {
      if (online && session.state().status === 'restoring') restore()
    })
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
