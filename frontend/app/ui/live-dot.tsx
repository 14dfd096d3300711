import type { LiveState } from '../live/live-client.ts'

const WORDS: Record<LiveState, string> = {
  live: 'Live',
  connecting: 'Connecting…',
  waiting: 'Reconnecting…',
  stopped: 'Not connected',
}

/** Whether changes from elsewhere arrive right now. */
export function LiveDot({ state }: { state: LiveState }) {
  const live = state === 'live'
  return (
    <span role="status" className="inline-flex items-center gap-2 text-xs text-muted">
      <span
        aria-hidden="true"
        className={`size-2 rounded-full transition-colors ${live ? 'bg-good' : 'bg-edge motion-safe:animate-pulse'}`}
      />
      {WORDS[state]}
    </span>
  )
}
