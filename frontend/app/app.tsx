import { Redirect, Route, Switch } from 'wouter'

import { NotFoundPage } from './pages/not-found.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { SignUpPage } from './pages/sign-up.tsx'
import { TasksPage } from './pages/tasks.tsx'
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
      return null
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
