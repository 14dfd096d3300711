import type { Task } from '../../api/types.ts'
import { rowKey } from '../../api/unsent.ts'
import { ChevronIcon } from '../../ui/icons.tsx'
import { TaskRow } from './task-row.tsx'

/** What is open, newest first, and folded away below it what is done. */
export function TaskGroups({
  userId,
  tasks,
  now,
  remove,
}: {
  userId: string
  tasks: Task[]
  now: Date
  remove: (task: Task) => void
}) {
  const open = tasks.filter((task) => task.status !== 'completed')
  const done = tasks.filter((task) => task.status === 'completed')
  const rows = (group: Task[]) =>
    group.map((task) => <TaskRow key={rowKey(task)} userId={userId} task={task} now={now} remove={remove} />)

  return (
    <>
      {open.length > 0 ? (
        <ul aria-label="Open tasks" className={LIST}>
          {rows(open)}
        </ul>
      ) : (
        <p className="mt-16 text-center text-muted">
          {done.length > 0
            ? 'All done. Enjoy the rest of your day.'
            : 'Nothing to do yet. Write down the first thing on your mind.'}
        </p>
      )}
      {done.length > 0 && (
        <details className="group mt-8">
          <summary className="flex min-h-11 w-fit cursor-pointer list-none items-center gap-1.5 rounded-xl pr-3 text-sm font-medium text-muted hover:text-ink">
            <span className="transition-transform group-open:rotate-90">
              <ChevronIcon />
            </span>
            Done
            <span className="font-normal tabular-nums">{new Intl.NumberFormat().format(done.length)}</span>
          </summary>
          <ul aria-label="Done tasks" className={LIST}>
            {rows(done)}
          </ul>
        </details>
      )}
    </>
  )
}

const LIST = 'mt-4 divide-y divide-line overflow-hidden rounded-2xl border border-line bg-surface shadow-card'
