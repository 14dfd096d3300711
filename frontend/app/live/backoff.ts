/** Milliseconds the first wait may last. */
const FIRST_MS_MAX = 500
/** Milliseconds any wait may last: how long somebody stays without news after an outage, at worst. */
const WAIT_MS_MAX = 15_000
/** Milliseconds any wait lasts at least, so that a refusing server is not asked in a tight loop. */
const WAIT_MS_MIN = 100

/** Milliseconds to wait after `failures` attempts in a row (1 or more): exponential, with full jitter. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const most = Math.min(WAIT_MS_MAX, FIRST_MS_MAX * 2 ** (failures - 1))
  return Math.max(WAIT_MS_MIN, random() * most)
}
