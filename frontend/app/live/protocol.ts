import type { CloudEvent } from '../api/types.ts'

/** What the server says on a live connection. Ids are opaque: they are compared for equality only. */
export type ServerMessage =
  | { type: 'event'; id: string; event: CloudEvent }
  /** Listening from now on; `id` is the newest message so far, if the transport tells it. */
  | { type: 'ready'; id?: string }
  /** What was asked to resume is gone: read everything again. */
  | { type: 'reload' }

/** Reads one message. What is unknown is nothing: a newer server may say more than this page understands. */
export function parseMessage(text: string): ServerMessage | undefined {
  const message = parseObject(text)
  switch (message?.['type']) {
    case 'event': {
      const event = asEvent(message['event'])
      return typeof message['id'] === 'string' && event ? { type: 'event', id: message['id'], event } : undefined
    }
    case 'ready':
      return typeof message['id'] === 'string' ? { type: 'ready', id: message['id'] } : { type: 'ready' }
    case 'reload':
      return { type: 'reload' }
    default:
      return undefined
  }
}

/** Reads a bare CloudEvent, as Server-Sent Events carry it. */
export function parseEvent(text: string): CloudEvent | undefined {
  return asEvent(parseObject(text))
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function asEvent(value: unknown): CloudEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const event = value as Partial<CloudEvent>
  return typeof event.id === 'string' && typeof event.type === 'string'
    ? { id: event.id, type: event.type, data: event.data }
    : undefined
}
