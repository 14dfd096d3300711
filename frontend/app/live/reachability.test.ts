import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Reachability } from './reachability.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('asks until there is an answer, and tells each change once', async () => {
  const answers = [false, new Error('refused'), true]
  const probe = vi.fn(async () => {
    const answer = answers.shift() ?? true
    if (answer instanceof Error) throw answer
    return answer
  })
  const changes: boolean[] = []
  const reachability = new Reachability(probe, (reachable) => changes.push(reachable))

  reachability.report(true)
  expect(changes).toEqual([])
  reachability.report(false)
  reachability.report(false)
  expect(changes).toEqual([false])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(probe).toHaveBeenCalledTimes(3)
  expect(changes).toEqual([false, true])
})

test('an answer to anything else ends the asking', async () => {
  const probe = vi.fn(async () => false)
  const reachability = new Reachability(probe, () => {})
  reachability.report(false)
  reachability.report(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(probe).not.toHaveBeenCalled()
})
