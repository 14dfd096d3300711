import { onlineManager } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import type { TaskList } from '../api/task-list.ts'
import { tasksKey } from '../api/task-cache.ts'
import { queryClient, reachability, session } from '../services.ts'
import { applyEvent, TASK_EVENT_PREFIX } from './apply-event.ts'
import { eventStream } from './event-stream.ts'
import { LiveClient, type LiveState } from './live-client.ts'
import { webSocket } from './web-socket.ts'
import type { CloudEvent } from '../api/types.ts'

/** Milliseconds out of sight after which a connection may be dead without having noticed. */
const ASLEEP_AFTER_MS = 30_000

/** Keeps the user's cached data up to date for as long as the component is there. Answers how the connection is. */
export function useLive(userId: string): LiveState {
  const [state, setState] = useState<LiveState>('connecting')

  useEffect(() => {
    const live = new LiveClient({
      socket: webSocket(`${location.origin.replace(/^http/, 'ws')}/ws`),
      stream: eventStream(`/api/sse/${encodeURIComponent(userId)}`),
      token: (fresh) => session.token(fresh),
      event: (event) => receive(userId, event),
      reload: () => void queryClient.invalidateQueries(),
      state(next) {
        setState(next)
        if (next === 'waiting') void reachability.check()
      },
    })
    const endings = [renewWith(live), wakeAfterSleep(live), wakeWhenReachable(live)]
    live.start()
    return () => {
      for (const end of endings) end()
      live.stop()
    }
  }, [userId])

  return state
}

function receive(userId: string, event: CloudEvent): void {
  if (!event.type.startsWith(TASK_EVENT_PREFIX)) return
  const key = tasksKey(userId)
  // A reading under way may have been answered before the event, and would then overwrite it: read again.
  const overtaken = queryClient.isFetching({ queryKey: key }) > 0
  queryClient.setQueryData<TaskList>(key, (list) => list && applyEvent(list, event))
  if (overtaken) void queryClient.invalidateQueries({ queryKey: key })
}

function renewWith(live: LiveClient): () => void {
  let known = session.currentToken()
  return session.subscribe(() => {
    const token = session.currentToken()
    if (token !== undefined && token !== known) live.renew(token)
    known = token
  })
}

function wakeAfterSleep(live: LiveClient): () => void {
  let hiddenAt: number | undefined
  const look = () => {
    if (document.visibilityState === 'hidden') hiddenAt = Date.now()
    else if (hiddenAt !== undefined && Date.now() - hiddenAt >= ASLEEP_AFTER_MS) live.wake()
  }
  document.addEventListener('visibilitychange', look)
  return () => document.removeEventListener('visibilitychange', look)
}

function wakeWhenReachable(live: LiveClient): () => void {
  return onlineManager.subscribe((online) => {
    if (online) live.wake()
  })
}
