import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { UnreachableError } from './errors.ts'
import { createSend } from './http.ts'
import { type Answer, aProblem, aServer, aToken } from './server-fixture.ts'
import { Session } from './session.ts'

const ana = { id: 'u1', email: 'ana@example.org', name: 'Ana' }
const list = { method: 'GET', path: '/api/u1/tasks' } as const

function setUp(...answers: Answer[]) {
  const server = aServer(...answers)
  return { session: new Session(createSend(server.fetch, () => {})), asked: server.asked }
}

const authorization = (asked: { headers: Headers }[]) => asked.map(({ headers }) => headers.get('Authorization'))

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('restoring', () => {
  test('takes up the session of the cookie', async () => {
    const { session, asked } = setUp(aToken('t1'), { user: ana })
    await session.restore()
    expect(session.state()).toEqual({ status: 'signed-in', user: ana })
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/auth/token',
      'GET /api/auth/session',
    ])
  })

  test('without a session ends signed out', async () => {
    const { session } = setUp(aProblem(401))
    await session.restore()
    expect(session.state()).toEqual({ status: 'signed-out' })
  })

  test('without an answer decides nothing', async () => {
    const { session } = setUp('no answer')
    await expect(session.restore()).rejects.toBeInstanceOf(UnreachableError)
    expect(session.state()).toEqual({ status: 'restoring' })
  })
})

describe('a token', () => {
  const signedIn = async (...answers: Answer[]) => {
    const set = setUp({ user: ana, ...aToken('t1') }, ...answers)
    await set.session.signIn({ email: ana.email, password: 'secret' })
    set.asked.length = 0
    return set
  }

  test('goes along with each request', async () => {
    const { session, asked } = await signedIn({}, {})
    await session.send(list)
    await session.send(list)
    expect(authorization(asked)).toEqual(['Bearer t1', 'Bearer t1'])
  })

  test('that is refused is replaced, and the request repeated, once', async () => {
    const { session, asked } = await signedIn(aProblem(401), aToken('t2'), { items: [] })
    expect(await session.send(list)).toEqual({ items: [] })
    expect(authorization(asked)).toEqual(['Bearer t1', null, 'Bearer t2'])
    expect(asked[1]?.path).toBe('/api/auth/token')
  })

  test('is replaced once for all requests that wait for it', async () => {
    const { session, asked } = await signedIn(aProblem(401), aProblem(401), aToken('t2'), {}, {})
    await Promise.all([session.send(list), session.send(list)])
    expect(authorization(asked)).toEqual(['Bearer t1', 'Bearer t1', null, 'Bearer t2', 'Bearer t2'])
  })

  test('is replaced before it ends', async () => {
    const { session, asked } = await signedIn(aToken('t2'))
    await vi.advanceTimersByTimeAsync(839_999)
    expect(asked).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked.map(({ path }) => path)).toEqual(['/api/auth/token'])
    expect(session.currentToken()).toBe('t2')
  })

  test('that seems to have ended already is not replaced without pause', async () => {
    // The computer's clock is an hour ahead.
    const { asked } = await signedIn(aToken('t2', -3600), aToken('t3', -3600))
    await vi.advanceTimersByTimeAsync(840_000)
    expect(asked).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(29_999)
    expect(asked).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked).toHaveLength(2)
  })

  test('that the session no longer gives ends it', async () => {
    const { session } = await signedIn(aProblem(401), aProblem(401))
    await expect(session.send(list)).rejects.toMatchObject({ status: 401 })
    expect(session.state()).toEqual({ status: 'signed-out' })
    expect(session.currentToken()).toBeUndefined()
  })

  test('is forgotten at sign-out', async () => {
    const { session, asked } = await signedIn({})
    await session.signOut()
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/api/auth/sign-out' })
    expect(session.currentToken()).toBeUndefined()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(asked).toHaveLength(1)
  })
})
