import { useEffect, useState } from 'react'

/** Milliseconds between looks at the clock: what is shown is never finer than minutes. */
const TICK_MS = 60_000

/** The present time, to the minute. A page left open over night tells the new day by itself. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}
