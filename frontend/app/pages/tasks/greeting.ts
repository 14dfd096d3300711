/** A greeting for the time of day, by the first of somebody's names. */
export function greeting(now: Date, name: string): string {
  const hour = now.getHours()
  const time = hour < 5 ? 'night' : hour < 12 ? 'morning' : hour < 18 ? 'afternoon' : 'evening'
  const first = name.trim().split(/\s+/)[0]
  return time === 'night' ? `Still up, ${first}?` : `Good ${time}, ${first}`
}
