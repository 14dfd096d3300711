import type { ProblemDocument } from './types.ts'

/** The server did not answer: no network, no server, or no answer in time. Whether it acted is unknown. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** The server answered that it did not do it. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: ProblemDocument
  /** Seconds after which a repeat makes sense, if the server said so. */
  readonly retryAfterSeconds: number | undefined

  constructor(problem: ProblemDocument, retryAfterSeconds?: number) {
    super(problem.detail ?? problem.title)
    this.problem = problem
    this.retryAfterSeconds = retryAfterSeconds
  }

  get status(): number {
    return this.problem.status
  }

  /** What is wrong with one member of the request body, if that is what the problem is about. */
  field(name: string): string | undefined {
    return this.problem.errors?.find((error) => error.pointer === `#/${name}`)?.detail
  }

  /** Reads the problem document of a response; an answer of something in between becomes one. */
  static async from(response: Response): Promise<ApiError> {
    const retryAfter = Number(response.headers.get('Retry-After') ?? NaN)
    const body: unknown = await response.json().catch(() => undefined)
    const problem = isProblem(body) ? body : { type: 'about:blank', title: `Unexpected answer (${response.status})` }
    return new ApiError({ ...problem, status: response.status }, Number.isFinite(retryAfter) ? retryAfter : undefined)
  }
}

function isProblem(body: unknown): body is ProblemDocument {
  return typeof body === 'object' && body !== null && 'title' in body && typeof body.title === 'string'
}

/** Statuses that say "not now" instead of "no". */
const TRANSIENT_STATUSES = [502, 503, 504]

/** Whether the same request may well succeed a little later. */
export function isTransient(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof ApiError && TRANSIENT_STATUSES.includes(error.status))
}

/** One sentence for the person in front of the screen. */
export function explain(error: unknown): string {
  if (error instanceof UnreachableError) return 'Dayloom can’t be reached right now.'
  if (!(error instanceof ApiError)) return 'Something went wrong.'
  if (error.status === 412) return 'This was changed somewhere else just now. Here is its newest state.'
  if (error.status === 429 && error.retryAfterSeconds !== undefined) {
    return `Too many attempts. Try again in ${seconds(error.retryAfterSeconds)}.`
  }
  return error.problem.errors?.[0]?.detail ?? error.message
}

function seconds(count: number): string {
  const [value, unit] = count < 90 ? [count, 'second'] : [Math.ceil(count / 60), 'minute']
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' }).format(value)
}
