import { vi } from 'vitest'

import type { ProblemDocument } from './types.ts'

/** What the played server answers: a JSON body, a status with one, or nothing at all. */
export type Answer = object | Response | 'no answer'

/** Plays the server: answers in order, and remembers what was asked. An unexpected request is an error of the test. */
export function aServer(...answers: Answer[]) {
  const asked: { method: string; path: string; headers: Headers; body: unknown }[] = []
  const fetch = vi.fn(async (path: string, init: RequestInit) => {
    asked.push({
      method: init.method ?? 'GET',
      path,
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
    })
    const answer = answers.shift()
    if (answer === undefined) throw new Error(`nobody expected ${init.method} ${path}`)
    if (answer === 'no answer') throw new TypeError('fetch failed')
    return answer instanceof Response ? answer : Response.json(answer)
  })
  return { asked, fetch: fetch as unknown as typeof globalThis.fetch }
}

/** A problem document as the server sends it. */
export function aProblem(
  status: number,
  more: Partial<ProblemDocument> = {},
  headers: Record<string, string> = {},
): Response {
  const document = { type: 'urn:dayloom:problem:test', title: 'A problem', status, ...more }
  return Response.json(document, { status, headers: { ...headers, 'Content-Type': 'application/problem+json' } })
}

/** An access token that ends `seconds` from now. */
export function aToken(token: string, seconds = 900) {
  return { token, expires_at: new Date(Date.now() + seconds * 1000).toISOString() }
}
