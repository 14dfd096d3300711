import { expect, test } from 'vitest'

import type { ServerMessage } from './protocol.ts'
import type { Ending } from './transport.ts'
import { webSocket } from './web-socket.ts'

/** The browser's side of a socket, played by the test. */
class FakeSocket {
  static readonly OPEN = 1
  static last: FakeSocket
  readonly OPEN = 1
  readyState = 1
  readonly sent: unknown[] = []
  closed = false
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  readonly url: string
  readonly protocols: string[]

  constructor(url: string, protocols: string[]) {
    this.url = url
    this.protocols = protocols
    FakeSocket.last = this
  }

  send(text: string) {
    this.sent.push(JSON.parse(text))
  }

  close() {
    this.closed = true
  }

  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

function open(after?: string) {
  const messages: ServerMessage[] = []
  const endings: Ending[] = []
  const connection = webSocket(
    'ws://host/ws',
    FakeSocket as unknown as typeof WebSocket,
  )({
    token: 'abc',
    after,
    message: (message) => messages.push(message),
    ended: (ending) => endings.push(ending),
  })
  return { connection, socket: FakeSocket.last, messages, endings }
}

test('the token travels as a subprotocol', () => {
  const { socket } = open()
  expect(socket.url).toBe('ws://host/ws')
  expect(socket.protocols).toEqual(['dayloom.v1', 'bearer.abc'])
})

test('asks for what it missed, once, and only if there is anything', () => {
  const first = open()
  first.socket.say({ type: 'ready', id: '5' })
  expect(first.socket.sent).toEqual([])

  const complete = open('5')
  complete.socket.say({ type: 'ready', id: '5' })
  expect(complete.socket.sent).toEqual([])

  const behind = open('5')
  behind.socket.say({ type: 'ready', id: '9' })
  behind.connection.renew('next')
  behind.socket.say({ type: 'ready', id: '12' })
  expect(behind.socket.sent).toEqual([
    { type: 'resume', after: '5' },
    { type: 'auth', token: 'next' },
  ])
  expect(behind.messages).toEqual([{ type: 'ready', id: '9' }])
})

test('learns that it has seen more on another server than this one has', () => {
  const ahead = open('9')
  ahead.socket.say({ type: 'ready', id: '5' })
  ahead.socket.say({ type: 'ready', id: '9' })
  expect(ahead.socket.sent).toEqual([{ type: 'resume', after: '9' }])
  expect(ahead.messages).toEqual([
    { type: 'ready', id: '5' },
    { type: 'ready', id: '9' },
  ])
})

test('what it does not understand it passes over', () => {
  const { socket, messages } = open()
  socket.say({ type: 'weather', id: '1' })
  socket.say({ type: 'event', id: '1', event: 'not an event' })
  socket.onmessage?.({ data: 'not json' })
  socket.onmessage?.({ data: new ArrayBuffer(1) })
  socket.say({ type: 'event', id: '2', event: { id: 'e', type: 't', data: 1, extra: true } })
  expect(messages).toEqual([{ type: 'event', id: '2', event: { id: 'e', type: 't', data: 1 } }])
})

test('a refused token is another ending than a lost connection', () => {
  for (const [code, ending] of [
    [4401, 'unauthorized'],
    [1006, 'lost'],
    [1013, 'lost'],
  ] as const) {
    const { socket, endings } = open()
    socket.onclose?.({ code })
    expect(endings).toEqual([ending])
  }
})

test('tells nothing after it was closed', () => {
  const { connection, socket, messages, endings } = open()
  connection.close()
  socket.say({ type: 'ready', id: '1' })
  socket.onclose?.({ code: 1000 })
  expect(socket.closed).toBe(true)
  expect(messages).toEqual([])
  expect(endings).toEqual([])
})
