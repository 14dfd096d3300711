import { putTask, removeTask, type TaskList } from '../api/task-list.ts'
import type { CloudEvent, TaskEventData } from '../api/types.ts'
import { putSent } from '../api/unsent.ts'

/** Events about tasks begin with this. */
export const TASK_EVENT_PREFIX = 'com.todo.task.'

/** The list as it is after the event. The same list if the event is about something else, or older than what is here. */
export function applyEvent(list: TaskList, { type, data }: CloudEvent): TaskList {
  if (!type.startsWith(TASK_EVENT_PREFIX) || !isTaskEventData(data)) return list
  switch (type) {
    case 'com.todo.task.created':
      return putSent(list, data.payload, data.correlation_id)
    case 'com.todo.task.deleted':
      return removeTask(list, data.task_id)
    default:
      return putTask(list, data.payload)
  }
}

function isTaskEventData(data: unknown): data is TaskEventData {
  if (typeof data !== 'object' || data === null) return false
  const { task_id, payload } = data as Partial<TaskEventData>
  return typeof task_id === 'string' && typeof payload === 'object' && payload !== null && payload.id === task_id
}
