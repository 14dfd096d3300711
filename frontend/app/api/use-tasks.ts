import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'

import { session } from '../services.ts'
import { TaskCache, tasksKey } from './task-cache.ts'
import { findTask, putTask, removeTask, replaceTask } from './task-list.ts'
import { TaskApi } from './tasks.ts'
import type { Task, TaskDraft } from './types.ts'
import { putSent, removeUnsent, unsent } from './unsent.ts'

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
    onMutate: ({ draft, key }) => cache.expect((list) => putTask(list, unsent(draft, key, userId))),
    onSuccess: (task, { key }) => cache.edit((list) => putSent(list, task, key)),
    onError: (_error, { key }) => cache.edit((list) => removeUnsent(list, key)),
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
