/* The composition root: what exists once for the page, and how it hangs together. */

import { MutationCache, onlineManager, QueryClient } from '@tanstack/react-query'

import { explain, isTransient } from './api/errors.ts'
import { createSend } from './api/http.ts'
import { Session } from './api/session.ts'
import { backoff } from './live/backoff.ts'
import { Reachability } from './live/reachability.ts'
import { toast } from './ui/toast-store.ts'

/** Repeats of a call that failed for a passing reason. */
const REPEATS_MAX = 3

const fetch = globalThis.fetch.bind(globalThis)

// The query client pauses what can not be sent and goes on once the server answers.
onlineManager.setEventListener(() => undefined)
export const reachability = new Reachability(
  async () => (await fetch('/health', { cache: 'no-store' })).ok,
  (reachable) => onlineManager.setOnline(reachable),
)
window.addEventListener('online', () => void reachability.check())
window.addEventListener('offline', () => void reachability.check())

export const session = new Session(createSend(fetch, reachability.report))

// One cookie for all tabs: who signs in or out in one of them does so in each.
const tabs = new BroadcastChannel('dayloom.session')
tabs.onmessage = () => void session.restore().catch(() => {})
/** Tells the other tabs that the session has changed. */
export const announceSession = () => tabs.postMessage('changed')

const retry = (failures: number, error: Error) => failures < REPEATS_MAX && isTransient(error)
const retryDelay = (failures: number) => backoff(failures + 1)

export const queryClient = new QueryClient({
  // Said here, because what was changed may have moved to where its row is another one. A form says it itself.
  mutationCache: new MutationCache({
    onError(error, _variables, _context, mutation) {
      if (mutation.meta?.['form'] !== true) toast(explain(error))
    },
  }),
  defaultOptions: {
    // Live events keep the cache fresh; what they miss they say.
    queries: { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false, retry, retryDelay },
    // Every change is safe to repeat: it names a version, or has an idempotency key.
    mutations: { retry, retryDelay },
  },
})

// What is not sent yet is in this page only.
window.addEventListener('beforeunload', (event) => {
  if (queryClient.isMutating() > 0) event.preventDefault()
})
