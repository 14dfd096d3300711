import { ApiError } from './errors.ts'
import type { HttpRequest, Send } from './http.ts'
import type { Task, TaskDraft, TaskPage } from './types.ts'

/** Tasks a page asks for: more than most people have open, well under the server's limit of 200. */
const PAGE_LIMIT = 100

/** The task calls of one user. */
export class TaskApi {
  readonly #send: Send
  readonly #base: string

  constructor(send: Send, userId: string) {
    this.#send = send
    this.#base = `/api/${encodeURIComponent(userId)}/tasks`
  }

  list(cursor: string | undefined, signal: AbortSignal): Promise<TaskPage> {
    const query = new URLSearchParams({ limit: String(PAGE_LIMIT), ...(cursor && { cursor }) })
    return this.#send({ method: 'GET', path: `${this.#base}?${query}`, signal }) as Promise<TaskPage>
  }

  get(id: string): Promise<Task> {
    return this.#send({ method: 'GET', path: this.#path(id) }) as Promise<Task>
  }

  /**
   * A repeat with the same `key` gives the task of the first call. The task's event carries it too (as `correlation_id`),
   * so that whoever hears of the task before the answer comes knows it for this one.
   */
  create(draft: TaskDraft, key: string): Promise<Task> {
    const headers = { 'Idempotency-Key': key, traceparent: `00-${key}-${key.slice(0, 16)}-00` }
    return this.#send({ method: 'POST', path: this.#base, body: draft, headers }) as Promise<Task>
  }

  /**
   * Completes the version `sequence` of a task, or opens it again. A task that was changed meanwhile, but already is as
   * wanted, counts as changed: the other change said the same, or was this one, whose answer got lost.
   */
  async setCompleted(id: string, completed: boolean, sequence: number): Promise<Task> {
    const request: HttpRequest = completed
      ? { method: 'PATCH', path: `${this.#path(id)}/complete` }
      : { method: 'PATCH', path: this.#path(id), body: { status: 'pending' } }
    try {
      return (await this.#send({ ...request, headers: match(sequence) })) as Task
    } catch (error) {
      if (!isStatus(error, 412)) throw error
      const present = await this.get(id)
      if ((present.status === 'completed') !== completed) throw error
      return present
    }
  }

  /** Deletes the version `sequence` of a task; one that is not there (any more) counts as deleted. */
  async delete(id: string, sequence: number): Promise<void> {
    try {
      await this.#send({ method: 'DELETE', path: this.#path(id), headers: match(sequence) })
    } catch (error) {
      if (!isStatus(error, 404)) throw error
    }
  }

  /** Brings a deleted task back as it was. */
  restore(id: string): Promise<Task> {
    return this.#send({ method: 'POST', path: `${this.#path(id)}/restore` }) as Promise<Task>
  }

  #path(id: string): string {
    return `${this.#base}/${encodeURIComponent(id)}`
  }
}

function match(sequence: number): Record<string, string> {
  return { 'If-Match': `"${sequence}"` }
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status
}
