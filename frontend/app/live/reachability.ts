import { backoff } from './backoff.ts'

/**
 * Whether the server answers. This, not the browser's idea of a network, is what "offline" means here: the server may
 * well run on the same computer.
 *
 * Once a request went unanswered, it asks again and again (with back-off) until there is an answer.
 */
export class Reachability {
  readonly #probe: () => Promise<boolean>
  readonly #changed: (reachable: boolean) => void
  #reachable = true
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0

  /** `probe` asks the server something cheap; `changed` hears of each change. */
  constructor(probe: () => Promise<boolean>, changed: (reachable: boolean) => void) {
    this.#probe = probe
    this.#changed = changed
  }

  /** A request was, or was not, answered. */
  readonly report = (reachable: boolean): void => {
    if (reachable) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#failures = 0
    } else if (this.#timer === undefined) {
      this.#failures += 1
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        void this.check()
      }, backoff(this.#failures))
    }
    if (reachable === this.#reachable) return
    this.#reachable = reachable
    this.#changed(reachable)
  }

  /** Asks now. */
  readonly check = async (): Promise<void> => this.report(await this.#probe().catch(() => false))
}
