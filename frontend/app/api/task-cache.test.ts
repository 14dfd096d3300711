import { QueryClient } from '@tanstack/react-query'
import { beforeEach, expect, test, vi } from 'vitest'

import { TaskCache, tasksKey } from './task-cache.ts'
import { aTask } from './task-fixture.ts'
import { putTask, removeTask, replaceTask, type TaskList } from './task-list.ts'
import type { Task } from './types.ts'

const key = tasksKey('ana')
const done = (task: Task): Task => ({ ...task, status: 'completed' })

let client: QueryClient
let cache: TaskCache

beforeEach(() => {
  client = new QueryClient()
  cache = new TaskCache(client, 'ana')
  client.setQueryData<TaskList>(key, {
    pages: [{ items: [aTask('a', 3)], next_cursor: null }],
    pageParams: [undefined],
  })
})

const shown = () =>
  client.getQueryData<TaskList>(key)?.pages.flatMap(({ items }) => items.map((t) => `${t.id}${t.sequence} ${t.status}`))

test('shows what is expected, and takes it back', async () => {
  const expected = await cache.expect((list) => replaceTask(list, done(aTask('a', 3))))
  expect(shown()).toEqual(['a3 completed'])
  cache.takeBack('a', expected)
  expect(shown()).toEqual(['a3 pending'])
})

test('a deleted task comes back if the server refuses', async () => {
  const expected = await cache.expect((list) => removeTask(list, 'a'))
  expect(shown()).toEqual([])
  cache.takeBack('a', expected)
  expect(shown()).toEqual(['a3 pending'])
})

test('what came meanwhile is newer than what was before', async () => {
  const expected = await cache.expect((list) => replaceTask(list, done(aTask('a', 3))))
  cache.edit((list) => putTask(list, aTask('a', 4, { status: 'in_progress' })))
  cache.takeBack('a', expected)
  expect(shown()).toEqual(['a4 in_progress'])
})

test('a reading under way does not overwrite what is expected, and is made up for afterwards', async () => {
  const read = vi.fn(({ signal }: { signal: AbortSignal }) => {
    return new Promise<TaskList>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })
  void client.fetchQuery({ queryKey: key, queryFn: read }).catch(() => {})
  const expected = await cache.expect((list) => replaceTask(list, done(aTask('a', 3))))
  expect(read.mock.calls[0]?.[0].signal.aborted).toBe(true)
  expect(shown()).toEqual(['a3 completed'])

  const invalidate = vi.spyOn(client, 'invalidateQueries')
  cache.settle(expected)
  expect(invalidate).toHaveBeenCalledWith({ queryKey: key })
})

test('without a reading under way nothing is read again', async () => {
  const expected = await cache.expect((list) => list)
  const invalidate = vi.spyOn(client, 'invalidateQueries')
  cache.settle(expected)
  expect(invalidate).not.toHaveBeenCalled()
})

test('knows the newest version, or that there is none', () => {
  expect(cache.sequence('a')).toBe(3)
  expect(cache.sequence('b')).toBe(0)
})
