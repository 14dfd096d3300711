import { putTask, removeTask, type TaskList } from './task-list.ts'
import type { Task, TaskDraft } from './types.ts'

/** Ids of tasks that the server does not know yet begin with this; the key under which they are sent follows. */
const UNSENT_PREFIX = 'unsent:'

/** By id, the keys under which tasks were sent from this page. */
const sentAs = new Map<string, string>()

/** Whether the task is still on its way to the server. */
export function isUnsent(task: Task): boolean {
  return task.id.startsWith(UNSENT_PREFIX)
}

/** What tells a row of the list from the others: the same before and after the server has given the task its id. */
export function rowKey(task: Task): string {
  const key = sentAs.get(task.id)
  return key === undefined ? task.id : UNSENT_PREFIX + key
}

/** Puts the server's task in the place of the one that was sent under `key`, if it was sent from here. */
export function putSent(list: TaskList, task: Task, key: string): TaskList {
  const rest = removeUnsent(list, key)
  if (rest !== list) sentAs.set(task.id, key)
  return putTask(rest, task)
}

/** Takes out what was to be sent under `key`. The same list if there is no such thing. */
export function removeUnsent(list: TaskList, key: string): TaskList {
  return removeTask(list, UNSENT_PREFIX + key)
}

/** What the server will probably make of a draft. */
export function unsent(draft: TaskDraft, key: string, userId: string): Task {
  const now = new Date().toISOString()
  return {
    id: UNSENT_PREFIX + key,
    user_id: userId,
    title: draft.title,
    description: null,
    status: 'pending',
    priority: 'medium',
    tags: [],
    category: null,
    due_date: draft.due_date ?? null,
    time_zone: draft.time_zone ?? 'UTC',
    reminders: [],
    recurring_rule: null,
    recurring_end_date: null,
    recurrence_from: 'due_date',
    parent_id: null,
    sequence: 0,
    created_at: now,
    updated_at: now,
    completed_at: null,
  }
}
