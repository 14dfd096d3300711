import { ApiError, UnreachableError } from './errors.ts'

/** Milliseconds until an unanswered request counts as lost: longer than the server's own limit of a request. */
const ANSWER_WITHIN_MS = 20_000

/** One request. `body` is sent as JSON. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Sends a request and gives its JSON answer. */
export type Send = (request: HttpRequest) => Promise<unknown>

/**
 * Makes the function that talks to the server. `reachable` hears after each request whether the server answered at all.
 *
 * Errors: `ApiError` for any answer but success, `UnreachableError` for none, the signal's reason when aborted.
 */
export function createSend(fetch: typeof globalThis.fetch, reachable: (yes: boolean) => void): Send {
  return async ({ method, path, body, headers = {}, signal }) => {
    const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS)
    const init: RequestInit = {
      method,
      headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
      credentials: 'same-origin',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    }
    if (body !== undefined) init.body = JSON.stringify(body)

    let response: Response
    let text: string
    try {
      response = await fetch(path, init)
      text = response.ok ? await response.text() : ''
    } catch (cause) {
      if (signal?.aborted) throw cause
      reachable(false)
      throw new UnreachableError('no answer', { cause })
    }
    reachable(true)
    if (!response.ok) throw await ApiError.from(response)
    return text === '' ? undefined : JSON.parse(text)
  }
}
