import { Redirect, Route, Switch } from 'wouter'

import { NotFoundPage } from './pages/not-found.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { SignUpPage } from './pages/sign-up.tsx'
import { TasksPage } from './pages/tasks.tsx'
import { Logo } from './ui/logo.tsx'
import { OfflineNotice } from './ui/offline-notice.tsx'
import { Toasts } from './ui/toasts.tsx'
import { useReachable, useSession } from './use-session.ts'

/** Every page, and what lies over all of them. */
export function App() {
  return (
    <>
      <OfflineNotice reachable={useReachable()} />
      <Pages />
      <Toasts />
    </>
  )
}

function Pages() {
  const session = useSession()
  switch (session.status) {
    case 'restoring':
      return <Restoring />
    case 'signed-out':
      return (
        <Switch>
          <Route path="/sign-in" component={SignInPage} />
          <Route path="/sign-up" component={SignUpPage} />
          <Route>
            <Redirect to="/sign-in" replace />
          </Route>
        </Switch>
      )
    case 'signed-in':
      return (
        <Switch>
          <Route path="/">
            <TasksPage key={session.user.id} user={session.user} />
          </Route>
          <Route path={/^\/sign-(in|up)$/}>
            <Redirect to="/" replace />
          </Route>
          <Route component={NotFoundPage} />
        </Switch>
      )
  }
}

/** Seen only if the server takes its time: nothing flashes by where it does not. */
function Restoring() {
  return (
    <main role="status" className="flex min-h-dvh animate-late flex-col items-center justify-center gap-4 text-muted">
      <Logo className="size-14" />
      One moment…
    </main>
  )
}
