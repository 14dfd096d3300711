import { useSyncExternalStore } from 'react'

import { dismiss, hold, shownToasts, subscribeToasts } from './toast-store.ts'

/** The messages at the bottom of the screen, read out when they come. */
export function Toasts() {
  const toasts = useSyncExternalStore(subscribeToasts, shownToasts)
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-0 z-30 flex flex-col items-center gap-2 p-4 pb-[max(1rem,env(safe-area-inset-bottom))]"
    >
      {toasts.map(({ id, text, action }) => (
        <div
          key={id}
          onPointerEnter={() => hold(true)}
          onPointerLeave={() => hold(false)}
          onFocus={() => hold(true)}
          onBlur={() => hold(false)}
          className="pointer-events-auto flex w-full max-w-md animate-rise items-center gap-2 rounded-2xl bg-ink py-1.5 pr-2 pl-4 text-sm text-canvas shadow-float"
        >
          <p className="min-w-0 flex-1 py-2 break-words">{text}</p>
          {action && (
            <button
              type="button"
              className="min-h-10 rounded-xl px-3 font-semibold hover:bg-canvas/15"
              onClick={() => {
                dismiss(id)
                // What has gone tells neither that the pointer left it nor the focus.
                hold(false)
                action.run()
              }}
            >
              {action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  )
}
