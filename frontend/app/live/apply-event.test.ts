import { expect, test } from 'vitest'

import { putTask, type TaskList } from '../api/task-list.ts'
import { aTask } from '../api/task-fixture.ts'
import type { Task } from '../api/types.ts'
import { rowKey, unsent } from '../api/unsent.ts'
import { applyEvent } from './apply-event.ts'

const list: TaskList = {
  pages: [
    { items: [aTask('b', 3), aTask('a', 1)], next_cursor: 'more' },
    { items: [aTask('c', 2)], next_cursor: null },
  ],
  pageParams: [undefined, 'more'],
}

function tell(type: string, task: Task) {
  return { id: 'e', type, data: { task_id: task.id, sequence: task.sequence, correlation_id: 'key', payload: task } }
}

const versions = ({ pages }: TaskList) => pages.map(({ items }) => items.map(({ id, sequence }) => `${id}${sequence}`))

test('a new task comes first', () => {
  expect(versions(applyEvent(list, tell('com.todo.task.created', aTask('d', 1))))).toEqual([['d1', 'b3', 'a1'], ['c2']])
})

test('an event that overtakes the answer to its own request takes the place of what was sent', () => {
  const sending = putTask(list, unsent({ title: 'Task d' }, 'key', 'ana'))
  const sent = applyEvent(sending, tell('com.todo.task.created', aTask('d', 1)))
  expect(versions(sent)).toEqual([['d1', 'b3', 'a1'], ['c2']])
  // The row on the screen stays the same one.
  expect(rowKey(sent.pages[0]!.items[0]!)).toBe(rowKey(sending.pages[0]!.items[0]!))
  const other = applyEvent(
    putTask(list, unsent({ title: 'Task d' }, 'other', 'ana')),
    tell('com.todo.task.created', aTask('d', 1)),
  )
  expect(versions(other)).toEqual([['d1', 'unsent:other0', 'b3', 'a1'], ['c2']])
})

test('a newer version takes the place of the older, on whichever page', () => {
  expect(versions(applyEvent(list, tell('com.todo.task.updated', aTask('c', 3))))).toEqual([['b3', 'a1'], ['c3']])
  expect(versions(applyEvent(list, tell('com.todo.task.completed', aTask('b', 5))))).toEqual([['b5', 'a1'], ['c2']])
})

test('an older version, or the same again, changes nothing', () => {
  expect(applyEvent(list, tell('com.todo.task.updated', aTask('b', 2)))).toBe(list)
  expect(applyEvent(list, tell('com.todo.task.created', aTask('b', 3)))).toBe(list)
})

test('a deleted task goes, and comes back when it is restored', () => {
  const without = applyEvent(list, tell('com.todo.task.deleted', aTask('a', 2)))
  expect(versions(without)).toEqual([['b3'], ['c2']])
  expect(versions(applyEvent(without, tell('com.todo.task.restored', aTask('a', 3))))).toEqual([['a3', 'b3'], ['c2']])
})

test('what is about something else, or not as agreed, changes nothing', () => {
  expect(applyEvent(list, { id: 'e', type: 'com.todo.notification.created', data: {} })).toBe(list)
  expect(applyEvent(list, { id: 'e', type: 'com.todo.task.updated', data: null })).toBe(list)
  expect(applyEvent(list, { id: 'e', type: 'com.todo.task.updated', data: { task_id: 'a', payload: null } })).toBe(list)
  const mixed = { ...tell('com.todo.task.updated', aTask('a', 9)).data, task_id: 'b' }
  expect(applyEvent(list, { id: 'e', type: 'com.todo.task.updated', data: mixed })).toBe(list)
})
