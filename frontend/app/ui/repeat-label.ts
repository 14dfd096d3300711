/** The words for one and for several of what an RFC 5545 rule counts in. */
const UNITS: Record<string, [one: string, several: string]> = {
  DAILY: ['Daily', 'days'],
  WEEKLY: ['Weekly', 'weeks'],
  MONTHLY: ['Monthly', 'months'],
  YEARLY: ['Yearly', 'years'],
}

/**
 * Tells how a task recurs. A phrase is words already; of an RFC 5545 rule the pace is told, and not each of its conditions:
 * the next date stands beside it.
 */
export function repeatLabel(rule: string): string {
  const text = rule.trim().replace(/^RRULE:/i, '')
  const parts = new Map(text.split(';').map((part) => part.toUpperCase().split('=') as [string, string]))
  const freq = parts.get('FREQ')
  if (freq === undefined) return text.charAt(0).toUpperCase() + text.slice(1)
  const unit = UNITS[freq]
  if (!unit) return 'Repeats'
  const interval = Number(parts.get('INTERVAL') ?? 1)
  return interval > 1 ? `Every ${interval} ${unit[1]}` : unit[0]
}
