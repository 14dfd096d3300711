import { explain } from '../api/errors.ts'
import type { Task, User } from '../api/types.ts'
import { useDeleteTask, useRestoreTask, useTasks } from '../api/use-tasks.ts'
import { useLive } from '../live/use-live.ts'
import { Button } from '../ui/button.tsx'
import { toast } from '../ui/toast-store.ts'
import { useNow } from '../ui/use-now.ts'
import { Shell } from './shell.tsx'
import { AddTask } from './tasks/add-task.tsx'
import { greeting } from './tasks/greeting.ts'
import { TaskGroups } from './tasks/task-groups.tsx'

export function TasksPage({ user }: { user: User }) {
  const live = useLive(user.id)
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useTasks(user.id)
  const remove = useRemoveWithUndo(user.id)
  const now = useNow()

  return (
    <Shell user={user} live={live}>
      <title>Tasks · Dayloom</title>
      <p className="text-sm text-muted">{new Intl.DateTimeFormat(undefined, { dateStyle: 'full' }).format(now)}</p>
      <h1 tabIndex={-1} className="mt-1 text-3xl font-semibold tracking-tight outline-none">
        {greeting(now, user.name)}
      </h1>
      <AddTask userId={user.id} />
      {isPending && <Skeleton />}
      {error && !data && (
        <div role="alert" className="mt-10 text-center text-muted">
          <p>{explain(error)}</p>
          <Button look="quiet" className="mt-2" onClick={() => void refetch()}>
            Try again
          </Button>
        </div>
      )}
      {data && (
        <TaskGroups userId={user.id} now={now} tasks={data.pages.flatMap((page) => page.items)} remove={remove} />
      )}
      {hasNextPage && (
        <Button look="quiet" className="mt-4 w-full" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {isFetchingNextPage ? 'One moment…' : 'Show more'}
        </Button>
      )}
    </Shell>
  )
}

/** Deletes at once, and offers to take it back. */
function useRemoveWithUndo(userId: string): (task: Task) => void {
  const { mutate: remove } = useDeleteTask(userId)
  const { mutate: restore } = useRestoreTask(userId)
  return (task) =>
    remove(task, {
      onSuccess: () => toast(`“${task.title}” deleted.`, { label: 'Undo', run: () => restore(task.id) }),
    })
}

function Skeleton() {
  return (
    <div aria-label="Loading your tasks" role="status" className="mt-6 space-y-3 motion-safe:animate-pulse">
      {[0, 1, 2].map((row) => (
        <div key={row} className="h-14 rounded-2xl bg-sunken" />
      ))}
    </div>
  )
}
