import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { LiveClient, type LiveState } from './live-client.ts'
import type { Connecting, Connection, Transport } from './transport.ts'

/** A connection that was asked for, with everything the client did to it. */
interface Attempt extends Connecting {
  transport: 'socket' | 'stream'
  closed: boolean
  renewed: string[]
}

function setUp(options: { token?: (fresh: boolean) => Promise<string> } = {}) {
  const attempts: Attempt[] = []
  const states: LiveState[] = []
  const events: string[] = []
  let reloads = 0
  const transport =
    (kind: Attempt['transport']): Transport =>
    (connecting): Connection => {
      const attempt = { ...connecting, transport: kind, closed: false, renewed: [] as string[] }
      attempts.push(attempt)
      return { close: () => (attempt.closed = true), renew: (token) => attempt.renewed.push(token) }
    }
  const client = new LiveClient({
    socket: transport('socket'),
    stream: transport('stream'),
    token: options.token ?? (async (fresh) => (fresh ? 'fresh' : 'kept')),
    event: (event) => events.push(event.id),
    reload: () => (reloads += 1),
    state: (state) => states.push(state),
    // The longest wait each time.
    random: () => 1,
  })
  const last = () => attempts.at(-1)!
  return { client, attempts, states, events, last, reloads: () => reloads }
}

const event = (id: string) =>
  ({ type: 'event', id, event: { id: `e${id}`, type: 'com.todo.task.updated', data: {} } }) as const
const ready = (id: string) => ({ type: 'ready', id }) as const
/** Lets promises settle, and timers of the next milliseconds run. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('a connection', () => {
  test('reads everything once it listens for the first time, and passes events on', async () => {
    const { client, states, events, last, reloads } = setUp()
    client.start()
    await pass()
    expect(last()).toMatchObject({ transport: 'socket', token: 'kept', after: undefined })
    last().message(ready('7'))
    last().message(event('8'))
    expect(states).toEqual(['connecting', 'live'])
    expect(events).toEqual(['e8'])
    expect(reloads()).toBe(1)
  })

  test('resumes after the last message when it was lost', async () => {
    const { client, attempts, states, last, reloads } = setUp()
    client.start()
    await pass()
    last().message(ready('7'))
    last().message(event('8'))
    await pass(60_000)
    last().ended('lost')
    expect(states.at(-1)).toBe('waiting')
    await pass(500)
    expect(attempts).toHaveLength(2)
    expect(last()).toMatchObject({ transport: 'socket', after: '8' })
    last().message(ready('8'))
    expect(states.at(-1)).toBe('live')
    expect(reloads()).toBe(1)
  })

  test('that breaks before the gap is closed resumes before the gap', async () => {
    const { client, last, events } = setUp()
    client.start()
    await pass()
    last().message(ready('7'))
    last().ended('lost')
    await pass(500)
    last().message(ready('9'))
    // 10 happened just now, while 8 and 9 were still to come.
    last().message(event('10'))
    last().message(event('8'))
    last().ended('lost')
    await pass(1_000)
    expect(last().after).toBe('7')
    last().message(ready('10'))
    for (const id of ['8', '9', '10', '11']) last().message(event(id))
    expect(events).toEqual(['e10', 'e8', 'e8', 'e9', 'e10', 'e11'])
    last().ended('lost')
    await pass(2_000)
    expect(last().after).toBe('11')
  })

  test('that has seen more on another server than this one has goes on from there', async () => {
    const { client, last, reloads } = setUp()
    client.start()
    await pass()
    last().message(ready('7'))
    last().message(event('9'))
    last().ended('lost')
    await pass(500)
    last().message(ready('5'))
    last().message(ready('9'))
    last().message(event('12'))
    last().ended('lost')
    await pass(1_000)
    expect(last().after).toBe('12')
    expect(reloads()).toBe(1)
  })

  test('reads everything again when the server has forgotten, and goes on from there', async () => {
    const { client, last, reloads } = setUp()
    client.start()
    await pass()
    last().message(ready('7'))
    await pass(60_000)
    last().ended('lost')
    await pass(500)
    last().message(ready('b-2'))
    last().message({ type: 'reload' })
    expect(reloads()).toBe(2)
    await pass(60_000)
    last().ended('lost')
    await pass(500)
    expect(last().after).toBe('b-2')
  })
})

describe('a token', () => {
  test('that ended is replaced at once', async () => {
    const { client, attempts, last } = setUp()
    client.start()
    await pass()
    last().message(ready('1'))
    last().ended('unauthorized')
    await pass()
    expect(attempts.map(({ token }) => token)).toEqual(['kept', 'fresh'])
  })

  test('that is refused again and again is not asked for without pause', async () => {
    const { client, attempts, last } = setUp()
    client.start()
    await pass()
    for (const wait of [500, 1_000, 2_000]) {
      const before = attempts.length
      last().ended('unauthorized')
      await pass(wait - 1)
      expect(attempts).toHaveLength(before)
      await pass(1)
      expect(last().token).toBe('fresh')
    }
  })

  test('that can not be had is asked for again later', async () => {
    const token = vi.fn().mockRejectedValueOnce(new Error('unreachable')).mockResolvedValue('late')
    const { client, attempts, states, last } = setUp({ token })
    client.start()
    await pass()
    expect(attempts).toHaveLength(0)
    expect(states).toEqual(['connecting', 'waiting'])
    await pass(500)
    expect(last().token).toBe('late')
  })

  test('that was renewed is told to the connection', async () => {
    const { client, last } = setUp()
    client.start()
    await pass()
    last().message(ready('1'))
    client.renew('next')
    expect(last().renewed).toEqual(['next'])
  })
})

describe('the transport', () => {
  test('falls back when sockets fail, and both have their turn after that', async () => {
    const { client, attempts, last } = setUp()
    client.start()
    await pass()
    for (const wait of [500, 1_000, 2_000, 4_000]) {
      last().ended('lost')
      await pass(wait)
    }
    expect(attempts.map(({ transport }) => transport)).toEqual(['socket', 'socket', 'stream', 'socket', 'stream'])
  })

  test('goes back to sockets after a stream that lasted', async () => {
    const { client, last } = setUp()
    client.start()
    await pass()
    last().ended('lost')
    await pass(500)
    last().ended('lost')
    await pass(1_000)
    expect(last().transport).toBe('stream')
    last().message({ type: 'ready' })
    await pass(60_000)
    last().ended('lost')
    await pass(500)
    expect(last().transport).toBe('socket')
  })

  test('that opens but is cut off at once counts as failed', async () => {
    const { client, last } = setUp()
    client.start()
    await pass()
    for (const wait of [500, 1_000]) {
      last().message(ready('1'))
      last().ended('lost')
      await pass(wait)
    }
    expect(last().transport).toBe('stream')
  })

  test('that never listens is given up', async () => {
    const { client, attempts, states } = setUp()
    client.start()
    await pass(9_999)
    expect(states).toEqual(['connecting'])
    await pass(1)
    expect(attempts[0]?.closed).toBe(true)
    await pass(500)
    expect(attempts).toHaveLength(2)
  })
})

describe('the client', () => {
  test('waits longer each time, but never longer than a quarter of a minute', async () => {
    const { client, attempts, last } = setUp()
    client.start()
    await pass()
    for (const wait of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      const before = attempts.length
      last().ended('lost')
      await pass(wait - 1)
      expect(attempts).toHaveLength(before)
      await pass(1)
      expect(attempts).toHaveLength(before + 1)
    }
  })

  test('connects at once when it is woken, and only once', async () => {
    const { client, attempts, last } = setUp()
    client.start()
    await pass()
    last().ended('lost')
    client.wake()
    await pass()
    expect(attempts).toHaveLength(2)
    await pass(5_000)
    expect(attempts).toHaveLength(2)
  })

  test('hears nothing from a connection it has left', async () => {
    const { client, attempts, events, states } = setUp()
    client.start()
    await pass()
    attempts[0]!.message(ready('1'))
    client.wake()
    await pass()
    attempts[0]!.message(event('2'))
    attempts[0]!.ended('lost')
    expect(attempts[0]!.closed).toBe(true)
    expect(events).toEqual([])
    expect(states.at(-1)).toBe('connecting')
  })

  test('does nothing more once it is stopped', async () => {
    const { client, attempts, states, last } = setUp()
    client.start()
    await pass()
    client.stop()
    client.wake()
    last().ended('lost')
    await pass(60_000)
    expect(attempts).toHaveLength(1)
    expect(states).toEqual(['connecting', 'stopped'])
  })

  test('that is stopped while it waits for a token opens nothing', async () => {
    let give = (_token: string) => {}
    const { client, attempts } = setUp({ token: () => new Promise((resolve) => (give = resolve)) })
    client.start()
    client.stop()
    give('late')
    await pass()
    expect(attempts).toHaveLength(0)
  })
})
