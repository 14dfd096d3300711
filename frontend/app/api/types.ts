import type { components } from './schema.d.ts'

/* The wire's shapes that the page uses, by the page's names for them. `npm run generate` makes `schema.d.ts` from the API document. */

type Schemas = components['schemas']

export type User = Schemas['User']
export type SignedIn = Schemas['SignedIn']
export type Token = Schemas['AccessToken']
export type Status = Schemas['Status']
export type Priority = Schemas['Priority']
export type Task = Schemas['Task']
export type TaskDraft = Schemas['TaskDraft']
export type TaskPage = Schemas['TaskPage']
export type ProblemDocument = Schemas['ProblemDocument']

/** A CloudEvent 1.0, as far as a browser looks into it. Events are described by `components/domain/schemas`. */
export interface CloudEvent {
  id: string
  type: string
  data: unknown
}

/** What every event about a task carries. */
export interface TaskEventData {
  task_id: string
  sequence: number
  /** Names the request it came from: the trace id that the request was sent with. */
  correlation_id: string
  payload: Task
}
