import type { InfiniteData } from '@tanstack/react-query'

import type { Task, TaskPage } from './types.ts'

/** The tasks read so far, as the query cache holds them. */
export type TaskList = InfiniteData<TaskPage, string | undefined>

/** Puts a task where its older version is, or on top if it is new. An older version than the one here changes nothing. */
export function putTask(list: TaskList, task: Task): TaskList {
  const present = findTask(list, task.id)
  if (!present) return editFirstPage(list, (items) => [task, ...items])
  return task.sequence > present.sequence ? replaceTask(list, task) : list
}

/** Puts a task where its other version is, whichever is newer. For what is shown before the server has confirmed it. */
export function replaceTask(list: TaskList, task: Task): TaskList {
  return editPages(list, (items) => items.map((item) => (item.id === task.id ? task : item)))
}

/** Takes a task out. The same list if it is not there. */
export function removeTask(list: TaskList, id: string): TaskList {
  return findTask(list, id) ? editPages(list, (items) => items.filter((item) => item.id !== id)) : list
}

export function findTask(list: TaskList, id: string): Task | undefined {
  for (const page of list.pages) {
    const task = page.items.find((item) => item.id === id)
    if (task) return task
  }
  return undefined
}

function editPages(list: TaskList, edit: (items: Task[]) => Task[]): TaskList {
  return { ...list, pages: list.pages.map((page) => ({ ...page, items: edit(page.items) })) }
}

function editFirstPage(list: TaskList, edit: (items: Task[]) => Task[]): TaskList {
  const [first, ...rest] = list.pages
  return first ? { ...list, pages: [{ ...first, items: edit(first.items) }, ...rest] } : list
}
