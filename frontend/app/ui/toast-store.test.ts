import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { dismiss, hold, shownToasts, toast } from './toast-store.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  hold(false)
  for (const { id } of shownToasts()) dismiss(id)
  vi.useRealTimers()
})

const shown = () => shownToasts().map(({ text }) => text)

test('a message goes by itself, and makes room when there are too many', () => {
  for (const text of ['a', 'b', 'c', 'd']) toast(text)
  expect(shown()).toEqual(['b', 'c', 'd'])
  vi.advanceTimersByTime(7_000)
  expect(shown()).toEqual([])
})

test('a message stays while somebody is at it', () => {
  toast('a')
  vi.advanceTimersByTime(6_999)
  hold(true)
  toast('b')
  vi.advanceTimersByTime(60_000)
  expect(shown()).toEqual(['a', 'b'])
  hold(false)
  vi.advanceTimersByTime(6_999)
  expect(shown()).toEqual(['a', 'b'])
  vi.advanceTimersByTime(1)
  expect(shown()).toEqual([])
})
