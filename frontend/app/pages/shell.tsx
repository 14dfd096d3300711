import type { ReactNode } from 'react'

import { explain } from '../api/errors.ts'
import type { User } from '../api/types.ts'
import type { LiveState } from '../live/live-client.ts'
import { announceSession, session } from '../services.ts'
import { Button } from '../ui/button.tsx'
import { LiveDot } from '../ui/live-dot.tsx'
import { Logo } from '../ui/logo.tsx'
import { toast } from '../ui/toast-store.ts'

/** The frame of the pages of somebody who is signed in. */
export function Shell({ user, live, children }: { user: User; live: LiveState; children: ReactNode }) {
  return (
    <>
      <a
        href="#main"
        className="sr-only rounded-xl bg-surface px-4 py-2 focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-40"
      >
        Skip to the tasks
      </a>
      <header className="mx-auto flex max-w-2xl items-center gap-3 px-5 pt-[max(1rem,env(safe-area-inset-top))]">
        <Logo />
        <span className="font-semibold tracking-tight">Dayloom</span>
        <span className="ml-auto flex">
          <LiveDot state={live} />
        </span>
        <Button look="quiet" className="-mr-4" title={`Signed in as ${user.email}`} onClick={() => void signOut()}>
          Sign out
        </Button>
      </header>
      <main id="main" className="mx-auto max-w-2xl px-5 pt-8 pb-28">
        {children}
      </main>
    </>
  )
}

async function signOut(): Promise<void> {
  try {
    await session.signOut()
    announceSession()
  } catch (error) {
    toast(explain(error))
  }
}
