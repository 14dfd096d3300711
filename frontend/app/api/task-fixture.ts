import type { Task } from './types.ts'

/** A task for tests: open, and with nothing special about it. */
export function aTask(id: string, sequence = 1, change: Partial<Task> = {}): Task {
  return {
    id,
    user_id: 'ana',
    title: `Task ${id}`,
    description: null,
    status: 'pending',
    priority: 'medium',
    tags: [],
    category: null,
    due_date: null,
    time_zone: 'Europe/Berlin',
    reminders: [],
    recurring_rule: null,
    recurring_end_date: null,
    recurrence_from: 'due_date',
    parent_id: null,
    sequence,
    created_at: '2026-01-01T08:00:00Z',
    updated_at: '2026-01-01T08:00:00Z',
    completed_at: null,
    ...change,
  }
}
