/*
 * The wire's shapes that the application uses, as the API document states them. They are replaced by generated ones once
 * the document lists its paths.
 */

/** Who is signed in. */
export interface User {
  id: string
  email: string
  name: string
}

/** The answer to sign-up and sign-in; the session itself travels in a cookie that no script can read. */
export interface SignedIn extends Token {
  user: User
}

/** An access token and when it ends (RFC 3339). */
export interface Token {
  token: string
  expires_at: string
}

export type Status = 'pending' | 'in_progress' | 'completed'
export type Priority = 'low' | 'medium' | 'high' | 'urgent'

/** A task. Times are RFC 3339 in UTC; `due_date` is one of those, or a calendar day `YYYY-MM-DD`. */
export interface Task {
  id: string
  title: string
  description: string | null
  status: Status
  priority: Priority
  tags: string[]
  category: string | null
  due_date: string | null
  time_zone: string
  recurring_rule: string | null
  /** The task's version: one more with each change. Also its entity tag. */
  sequence: number
  created_at: string
  updated_at: string
  completed_at: string | null
}

/** What a new task needs; the server fills in the rest. */
export interface TaskDraft {
  title: string
  due_date?: string
  /** IANA name of the zone in which `due_date` is meant. */
  time_zone: string
}

/** One page of a list; `next_cursor` asks for the following one. */
export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

/** What every event about a task carries. */
export interface TaskEventData {
  task_id: string
  sequence: number
  payload: Task
}

/** A CloudEvent 1.0, as far as a browser looks into it. */
export interface CloudEvent {
  id: string
  type: string
  data: unknown
}

/** A problem document (RFC 9457). */
export interface ProblemDocument {
  type: string
  title: string
  status: number
  detail?: string
  /** The members that are wrong: a JSON pointer as a URI fragment, such as `#/email`, and what is wrong with it. */
  errors?: { pointer: string; detail: string }[]
}
