import { useRef } from 'react'

import type { Priority, Task } from '../../api/types.ts'
import { isUnsent } from '../../api/unsent.ts'
import { useSetCompleted } from '../../api/use-tasks.ts'
import { CheckCircle } from '../../ui/check-circle.tsx'
import { dueLabel } from '../../ui/due-label.ts'
import { focusNeighbour } from '../../ui/focus-neighbour.ts'
import { CalendarIcon, RepeatIcon, TrashIcon } from '../../ui/icons.tsx'
import { repeatLabel } from '../../ui/repeat-label.ts'

/** Only what stands out is said. */
const PRIORITY_WORDS: Partial<Record<Priority, string>> = { high: 'High', urgent: 'Urgent' }

/** One task: done or not, what it is, and a way to be rid of it. */
export function TaskRow({
  userId,
  task,
  now,
  remove,
}: {
  userId: string
  task: Task
  now: Date
  remove: (task: Task) => void
}) {
  const { mutate: setCompleted } = useSetCompleted(userId, task.id)
  const row = useRef<HTMLLIElement>(null)
  const completed = task.status === 'completed'
  const unsent = isUnsent(task)

  return (
    <li
      ref={row}
      className={`group/row flex animate-enter items-start transition-opacity ${unsent ? 'opacity-60' : ''}`}
    >
      <label className="flex min-w-0 flex-1 cursor-pointer items-start gap-3.5 py-3.5 pl-4">
        <CheckCircle
          checked={completed}
          disabled={unsent}
          onChange={(checked) => {
            focusNeighbour(row.current, 'input')
            setCompleted(checked)
          }}
        />
        <span className="min-w-0 pt-px">
          <span className={`block wrap-anywhere transition-colors ${completed ? 'text-muted line-through' : ''}`}>
            {task.title}
          </span>
          <Details task={task} now={now} />
        </span>
      </label>
      <button
        type="button"
        aria-label={`Delete “${task.title}”`}
        disabled={unsent}
        className="m-1.5 inline-flex size-11 items-center justify-center rounded-xl text-muted transition group-hover/row:opacity-100 hover:bg-danger-soft hover:text-danger focus-visible:opacity-100 pointer-fine:opacity-0"
        onClick={() => {
          focusNeighbour(row.current, 'button')
          remove(task)
        }}
      >
        <TrashIcon />
      </button>
    </li>
  )
}

function Details({ task, now }: { task: Task; now: Date }) {
  const due = task.due_date === null ? undefined : dueLabel(task.due_date, now)
  const late = due?.overdue && task.status !== 'completed'
  const priority = PRIORITY_WORDS[task.priority]
  if (!due && !priority && task.tags.length === 0 && !task.recurring_rule) return null

  return (
    <span className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm wrap-anywhere text-muted">
      {due && (
        <span className={`inline-flex items-center gap-1.5 ${late ? 'text-danger' : ''}`}>
          <CalendarIcon />
          {due.text}
          {late && <span className="sr-only"> (overdue)</span>}
        </span>
      )}
      {task.recurring_rule && (
        <span className="inline-flex items-center gap-1.5">
          <RepeatIcon />
          {repeatLabel(task.recurring_rule)}
        </span>
      )}
      {priority && (
        <span className="rounded-md bg-warm-soft px-1.5 py-px text-xs font-medium text-warm">{priority}</span>
      )}
      {task.tags.map((tag) => (
        <span key={tag}>#{tag}</span>
      ))}
    </span>
  )
}
