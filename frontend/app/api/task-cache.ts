import type { QueryClient } from '@tanstack/react-query'

import { findTask, putTask, replaceTask, type TaskList } from './task-list.ts'

/** Where the cache holds a user's tasks. */
export const tasksKey = (userId: string) => ['tasks', userId]

/** What was in the cache before an expected change, and whether a reading under way was stopped for it. */
export interface Expected {
  before: TaskList | undefined
  interrupted: boolean
}

/** The cached list, as changes on their way to the server handle it. */
export class TaskCache {
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
