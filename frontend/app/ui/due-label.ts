const MS_PER_DAY = 86_400_000
/** Days within which a date is told by its distance or weekday, not by its number. */
const NEAR_DAYS = 7

/** A due date in words, and whether it has passed. */
export interface DueLabel {
  text: string
  overdue: boolean
}

/** Tells a due date (`YYYY-MM-DD`, or an instant in RFC 3339) as somebody at `now` would, in the browser's language and zone. */
export function dueLabel(due: string, now: Date, locale?: string): DueLabel {
  const wholeDay = !due.includes('T')
  // A calendar day is that day wherever the reader is.
  const at = wholeDay ? new Date(`${due}T00:00`) : new Date(due)
  const days = Math.round((startOfDay(at) - startOfDay(now)) / MS_PER_DAY)
  const day = dayLabel(at, days, now, locale)
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(at)
  return { text: wholeDay ? day : `${day}, ${time}`, overdue: wholeDay ? days < 0 : at < now }
}

function dayLabel(at: Date, days: number, now: Date, locale: string | undefined): string {
  if (Math.abs(days) <= 1)
    return capitalise(new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(days, 'day'))
  if (days > 0 && days < NEAR_DAYS) return new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(at)
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...year }).format(at)
}

function startOfDay(date: Date): number {
  // In UTC, where every day has 24 hours.
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
}

function capitalise(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
