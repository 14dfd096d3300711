import { expect, test } from 'vitest'

import { dueLabel } from './due-label.ts'

// A Wednesday, late in the evening.
const now = new Date('2026-03-25T22:30')

test.each([
  ['2026-03-25', 'Today', false],
  ['2026-03-26', 'Tomorrow', false],
  ['2026-03-24', 'Yesterday', true],
  // Across the night in which the clocks change in Europe.
  ['2026-03-30', 'Monday', false],
  ['2026-04-01', 'Apr 1', false],
  ['2026-03-18', 'Mar 18', true],
  ['2027-01-02', 'Jan 2, 2027', false],
])('the day %s is told as %s', (due, text, overdue) => {
  expect(dueLabel(due, now, 'en-US')).toEqual({ text, overdue })
})

test('an instant is told with its time, and is over when that has passed', () => {
  const at = (text: string) => dueLabel(new Date(text).toISOString(), now, 'en-GB')
  expect(at('2026-03-25T22:00')).toEqual({ text: 'Today, 22:00', overdue: true })
  expect(at('2026-03-25T23:00')).toEqual({ text: 'Today, 23:00', overdue: false })
})

test('is told in the language of the reader', () => {
  expect(dueLabel('2026-03-26', now, 'de').text).toBe('Morgen')
})
