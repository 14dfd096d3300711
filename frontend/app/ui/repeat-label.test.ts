import { expect, test } from 'vitest'

import { repeatLabel } from './repeat-label.ts'

test.each([
  ['daily', 'Daily'],
  ['every 2 weeks on monday', 'Every 2 weeks on monday'],
  ['FREQ=MONTHLY;BYDAY=-1FR', 'Monthly'],
  ['FREQ=DAILY;INTERVAL=1', 'Daily'],
  ['RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=FR', 'Every 2 weeks'],
  ['freq=yearly', 'Yearly'],
  ['FREQ=HOURLY', 'Repeats'],
])('%s is told as %s', (rule, told) => {
  expect(repeatLabel(rule)).toBe(told)
})
