import { expect, test, vi } from 'vitest'

import { ApiError, explain, UnreachableError } from './errors.ts'
import { createSend } from './http.ts'
import { type Answer, aProblem, aServer } from './server-fixture.ts'
import { aTask } from './task-fixture.ts'
import { TaskApi } from './tasks.ts'

function setUp(...answers: Answer[]) {
  const { fetch, asked } = aServer(...answers)
  const reachable = vi.fn()
  return { api: new TaskApi(createSend(fetch, reachable), 'u/1'), asked, reachable }
}

test('a new task can be sent twice and is made once', async () => {
  const { api, asked } = setUp(aTask('a'))
  const key = '0123456789abcdef0123456789abcdef'
  await api.create({ title: 'Task a', time_zone: 'Europe/Berlin' }, key)
  expect(asked[0]).toMatchObject({ method: 'POST', path: '/api/u%2F1/tasks', body: { title: 'Task a' } })
  expect(asked[0]?.headers.get('Idempotency-Key')).toBe(key)
  expect(asked[0]?.headers.get('traceparent')).toBe(`00-${key}-0123456789abcdef-00`)
  expect(asked[0]?.headers.get('Content-Type')).toBe('application/json')
})

test('a change names the version it was made on', async () => {
  const { api, asked } = setUp(aTask('a', 4), aTask('a', 5), {})
  await api.setCompleted('a', true, 3)
  await api.setCompleted('a', false, 4)
  await api.delete('a', 5)
  expect(asked.map(({ method, path, headers }) => [method, path, headers.get('If-Match')])).toEqual([
    ['PATCH', '/api/u%2F1/tasks/a/complete', '"3"'],
    ['PATCH', '/api/u%2F1/tasks/a', '"4"'],
    ['DELETE', '/api/u%2F1/tasks/a', '"5"'],
  ])
  expect(asked[1]?.body).toEqual({ status: 'pending' })
})

test('a lost race counts only if it ended differently', async () => {
  const same = setUp(aProblem(412), aTask('a', 9, { status: 'completed' }))
  expect(await same.api.setCompleted('a', true, 3)).toMatchObject({ sequence: 9 })
  const other = setUp(aProblem(412), aTask('a', 9))
  await expect(other.api.setCompleted('a', true, 3)).rejects.toMatchObject({ status: 412 })
})

test('what is gone already is deleted', async () => {
  await expect(setUp(aProblem(404)).api.delete('a', 1)).resolves.toBeUndefined()
  await expect(setUp(aProblem(412)).api.delete('a', 1)).rejects.toMatchObject({ status: 412 })
})

test('an empty answer is nothing, and a body that is no problem document still becomes an error', async () => {
  await expect(setUp(new Response(null, { status: 204 })).api.delete('a', 1)).resolves.toBeUndefined()
  const { api } = setUp(new Response('<html>', { status: 502 }))
  await expect(api.get('a')).rejects.toMatchObject({ status: 502 })
})

test('a server that does not answer is told apart from one that refuses', async () => {
  const { api, reachable } = setUp('no answer', aProblem(403))
  await expect(api.get('a')).rejects.toBeInstanceOf(UnreachableError)
  expect(reachable).toHaveBeenLastCalledWith(false)
  await expect(api.get('a')).rejects.toBeInstanceOf(ApiError)
  expect(reachable).toHaveBeenLastCalledWith(true)
})

test('errors are told in words', async () => {
  const told = async (response: Response) => explain(await ApiError.from(response))
  expect(await told(aProblem(422, { errors: [{ pointer: '#/title', detail: 'Too long.' }] }))).toBe('Too long.')
  expect(await told(aProblem(409, { detail: 'Already so.' }))).toBe('Already so.')
  expect(await told(aProblem(429, {}, { 'Retry-After': '30' }))).toContain('30 seconds')
  expect(await told(aProblem(429, {}, { 'Retry-After': '300' }))).toContain('5 minutes')
  expect(explain(new TypeError('internal'))).toBe('Something went wrong.')
})

test('a problem names its fields', async () => {
  const error = await ApiError.from(aProblem(422, { errors: [{ pointer: '#/email', detail: 'No address.' }] }))
  expect(error.field('email')).toBe('No address.')
  expect(error.field('name')).toBeUndefined()
})
