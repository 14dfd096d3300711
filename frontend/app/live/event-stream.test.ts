import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { eventStream } from './event-stream.ts'
import type { ServerMessage } from './protocol.ts'
import type { Ending } from './transport.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

function open({ status = 200, after }: { status?: number; after?: string } = {}) {
  const messages: ServerMessage[] = []
  const endings: Ending[] = []
  const wire = new TransformStream<Uint8Array, Uint8Array>()
  const writer = wire.writable.getWriter()
  const fetch = vi.fn(async (_url: unknown, init?: RequestInit) => {
    init?.signal?.addEventListener('abort', () => void writer.abort(init.signal?.reason).catch(() => {}))
    return new Response(status === 200 ? wire.readable : null, { status })
  })
  const connection = eventStream(
    '/api/sse/ana',
    fetch as typeof globalThis.fetch,
  )({
    token: 'abc',
    after,
    message: (message) => messages.push(message),
    ended: (ending) => endings.push(ending),
  })
  const write = (text: string) => writer.write(new TextEncoder().encode(text))
  return { connection, fetch, messages, endings, write, end: () => writer.close() }
}

test('asks with the token, and from where it has heard', async () => {
  const { fetch, messages } = open({ after: '5' })
  expect(fetch.mock.calls[0]?.[0]).toBe('/api/sse/ana')
  expect(fetch.mock.calls[0]?.[1]?.headers).toMatchObject({ Authorization: 'Bearer abc', 'Last-Event-ID': '5' })
  await vi.waitFor(() => expect(messages).toEqual([{ type: 'ready' }]))
})

test('reads events, however the network cuts them, and the call to reload', async () => {
  const { messages, write } = open()
  await write('retry: 2000\nid: 0\n\nevent: ev')
  await write('ent\nid: 6\ndata: {"id":"e","type":"t",\ndata: "data":"é"}\n\n:\n\n')
  await write('event: reload\ndata: {"type":"reload"}\n\nevent: later\nid: 7\ndata: {}\n\n')
  await vi.waitFor(() =>
    expect(messages).toEqual([
      { type: 'ready' },
      { type: 'event', id: '6', event: { id: 'e', type: 't', data: 'é' } },
      { type: 'reload' },
    ]),
  )
})

test('tells how it ended', async () => {
  const refused = open({ status: 401 })
  await vi.waitFor(() => expect(refused.endings).toEqual(['unauthorized']))
  const away = open({ status: 503 })
  await vi.waitFor(() => expect(away.endings).toEqual(['lost']))
  const cut = open()
  await vi.waitFor(() => expect(cut.messages).toHaveLength(1))
  await cut.end()
  await vi.waitFor(() => expect(cut.endings).toEqual(['lost']))
})

test('a stream without heartbeats is dead', async () => {
  const { messages, endings, write } = open()
  await vi.waitFor(() => expect(messages).toHaveLength(1))
  await vi.advanceTimersByTimeAsync(40_000)
  await write(':\n\n')
  await vi.advanceTimersByTimeAsync(44_999)
  expect(endings).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  await vi.waitFor(() => expect(endings).toEqual(['lost']))
})

test('tells nothing after it was closed', async () => {
  const { connection, messages, endings } = open()
  await vi.waitFor(() => expect(messages).toHaveLength(1))
  connection.close()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(endings).toEqual([])
})
