/**
 * The last message after which nothing is missing: from where the next connection resumes.
 *
 * While missed messages are still on their way, newer ones may arrive between them. The cursor waits with those until the
 * gap is closed; or else a connection that breaks right then would resume behind the gap.
 */
export class Cursor {
  #after: string | undefined
  #gapEndsWith: string | undefined

  get after(): string | undefined {
    return this.#after
  }

  /**
   * A connection listens, and `newest` is its newest message, if it says so. Answers whether anything that happened so
   * far may be missing for good: then all must be read again.
   */
  ready(newest: string | undefined): 'complete' | 'unknown' {
    if (this.#after === undefined) {
      this.#after = newest
      return 'unknown'
    }
    this.#gapEndsWith = newest === this.#after ? undefined : newest
    return 'complete'
  }

  /** A message arrived. */
  event(id: string): void {
    if (this.#gapEndsWith !== undefined && id !== this.#gapEndsWith) return
    this.#gapEndsWith = undefined
    this.#after = id
  }

  /** The server can not close the gap. Whoever reads everything again needs nothing of before. */
  reload(): void {
    this.#after = this.#gapEndsWith
    this.#gapEndsWith = undefined
  }
}
