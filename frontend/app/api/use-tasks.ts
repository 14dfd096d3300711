import { type QueryClient, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'

import { session } from '../services.ts'
import { findTask, putTask, removeTask, replaceTask, type TaskList } from './task-list.ts'
import { TaskApi } from './tasks.ts'
import type { Task, TaskDraft } from './types.ts'

/** Ids of tasks that the server does not know yet begin with this. */
const UNSENT_PREFIX = 'unsent:'

/** Whether the task is still on its way to the server. */
export function isUnsent(task: Task): boolean {
  return task.id.startsWith(UNSENT_PREFIX)
}

/** Where the cache holds a user's tasks. */
export const tasksKey = (userId: string) => ['tasks', userId]

/** The user's tasks, page by page. */
export function useTasks(userId: string) {
  return useInfiniteQuery({
    queryKey: tasksKey(userId),
    queryFn: ({ pageParam, signal }) => api(userId).list(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

/** Adds a task; it is shown at once. `key` makes a repeat harmless. */
export function useAddTask(userId: string) {
  const cache = useTaskCache(userId)
  return useMutation({
    mutationFn: ({ draft, key }: { draft: TaskDraft; key: string }) => api(userId).create(draft, key),
    onMutate: ({ draft, key }) => cache.expect((list) => putTask(list, unsent(draft, key))),
    onSuccess: (task, { key }) => cache.edit((list) => putTask(removeTask(list, UNSENT_PREFIX + key), task)),
    onError: (_error, { key }) => cache.edit((list) => removeTask(list, UNSENT_PREFIX + key)),
    onSettled: (_task, _error, _variables, expected) => cache.settle(expected),
  })
}

/** Completes a task or opens it again; shown at once, taken back if the server refuses. */
export function useSetCompleted(userId: string, taskId: string) {
  const cache = useTaskCache(userId)
  return useMutation({
    scope: { id: taskId },
    // The version is read when the turn comes: an earlier change of the same task has moved it by then.
    mutationFn: (completed: boolean) => api(userId).setCompleted(taskId, completed, cache.sequence(taskId)),
    onMutate: (completed) =>
      cache.expect((list) => {
        const task = findTask(list, taskId)
        return task ? replaceTask(list, { ...task, status: completed ? 'completed' : 'pending' }) : list
      }),
    onSuccess: (task) => cache.edit((list) => putTask(list, task)),
    onError: (_error, _completed, expected) => cache.takeBack(taskId, expected),
    onSettled: (_task, _error, _variables, expected) => cache.settle(expected),
  })
}

/** Deletes a task; gone at once, back if the server refuses. */
export function useDeleteTask(userId: string) {
  const cache = useTaskCache(userId)
  return useMutation({
    mutationFn: (task: Task) => api(userId).delete(task.id, task.sequence),
    onMutate: (task) => cache.expect((list) => removeTask(list, task.id)),
    onError: (_error, task, expected) => cache.takeBack(task.id, expected),
    onSettled: (_task, _error, _variables, expected) => cache.settle(expected),
  })
}

/** Brings a deleted task back. */
export function useRestoreTask(userId: string) {
  const cache = useTaskCache(userId)
  return useMutation({
    mutationFn: (taskId: string) => api(userId).restore(taskId),
    onSuccess: (task) => cache.edit((list) => putTask(list, task)),
  })
}

const api = (userId: string) => new TaskApi(session.send, userId)

function useTaskCache(userId: string): TaskCache {
  return new TaskCache(useQueryClient(), userId)
}

/** What was in the cache before an expected change, and whether a reading under way was stopped for it. */
interface Expected {
  before: TaskList | undefined
  interrupted: boolean
}

/** The cached list, as changes on their way to the server handle it. */
class TaskCache {
  readonly #client: QueryClient
  readonly #key: string[]

  constructor(client: QueryClient, userId: string) {
    this.#client = client
    this.#key = tasksKey(userId)
  }

  edit(edit: (list: TaskList) => TaskList): void {
    this.#client.setQueryData<TaskList>(this.#key, (list) => list && edit(list))
  }

  /** Shows what the server will probably say. A reading under way would overwrite it, so that begins again afterwards. */
  async expect(edit: (list: TaskList) => TaskList): Promise<Expected> {
    const interrupted = this.#client.isFetching({ queryKey: this.#key }) > 0
    await this.#client.cancelQueries({ queryKey: this.#key })
    const before = this.#client.getQueryData<TaskList>(this.#key)
    this.edit(edit)
    return { before, interrupted }
  }

  /** Shows one task as it was before, unless something newer came meanwhile; and asks the server what is true. */
  takeBack(taskId: string, expected: Expected | undefined): void {
    const before = expected?.before && findTask(expected.before, taskId)
    if (before) {
      this.edit((list) => {
        const present = findTask(list, taskId)
        return present?.sequence === before.sequence ? replaceTask(list, before) : putTask(list, before)
      })
    }
    void this.#client.invalidateQueries({ queryKey: this.#key })
  }

  settle(expected: Expected | undefined): void {
    if (expected?.interrupted) void this.#client.invalidateQueries({ queryKey: this.#key })
  }

  /** The newest version of a task that is known here; 0, which no task has, if it is not here (any more). */
  sequence(taskId: string): number {
    const list = this.#client.getQueryData<TaskList>(this.#key)
    return (list && findTask(list, taskId)?.sequence) ?? 0
  }
}

function unsent(draft: TaskDraft, key: string): Task {
  const now = new Date().toISOString()
  return {
    id: UNSENT_PREFIX + key,
    title: draft.title,
    description: null,
    status: 'pending',
    priority: 'medium',
    tags: [],
    category: null,
    due_date: draft.due_date ?? null,
    time_zone: draft.time_zone,
    recurring_rule: null,
    sequence: 0,
    created_at: now,
    updated_at: now,
    completed_at: null,
  }
}
