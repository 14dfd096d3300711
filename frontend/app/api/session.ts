import { ApiError } from './errors.ts'
import type { HttpRequest, Send } from './http.ts'
import type { SignedIn, Token, User } from './types.ts'

/** Milliseconds before its end at which a token is replaced: more than a slow answer takes. */
const RENEW_BEFORE_END_MS = 60_000
/** Milliseconds between renewals at least, so that a computer with a wrong clock does not ask without pause. */
const RENEW_APART_MIN_MS = 30_000

export type SessionState = { status: 'restoring' } | { status: 'signed-out' } | { status: 'signed-in'; user: User }

/**
 * Who is signed in, and with which access token.
 *
 * The token lives in this object only: no storage a foreign script could read later. What survives a reload is the
 * session cookie, which buys a new token.
 */
export class Session {
  #state: SessionState = { status: 'restoring' }
  #token: string | undefined
  #renewal: Promise<string> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #listeners = new Set<() => void>()
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** The present state; the same object until it changes. */
  readonly state = (): SessionState => this.#state

  /** Calls `listener` after each change of state or token, until the returned function is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes up the session of the cookie, if there is one. Fails only if the server does not say. */
  async restore(): Promise<void> {
    try {
      await this.#renew()
      const { user } = (await this.#send({ method: 'GET', path: '/api/auth/session' })) as { user: User }
      this.#enter(user)
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.leave()
    }
  }

  async signIn(credentials: { email: string; password: string }): Promise<void> {
    this.#accept(await this.#send({ method: 'POST', path: '/api/auth/sign-in', body: credentials }))
  }

  async signUp(person: { name: string; email: string; password: string }): Promise<void> {
    this.#accept(await this.#send({ method: 'POST', path: '/api/auth/sign-up', body: person }))
  }

  /** Ends the session on the server, then here. If the server does not answer, the session goes on. */
  async signOut(): Promise<void> {
    await this.#send({ method: 'POST', path: '/api/auth/sign-out' })
    this.leave()
  }

  /** Forgets the user and the token. For a session that somebody else ended. */
  leave(): void {
    clearTimeout(this.#timer)
    this.#token = undefined
    this.#state = { status: 'signed-out' }
    this.#changed()
  }

  /** The token in hand, whether or not the server still takes it. */
  currentToken(): string | undefined {
    return this.#token
  }

  /**
   * A token for a request: the one in hand, or a new one if there is none or `fresh` is asked for. Whether it has ended is
   * for the server to say; the clock of this computer may be wrong.
   */
  async token(fresh = false): Promise<string> {
    if (!fresh && this.#token !== undefined) return this.#token
    try {
      return await this.#renew()
    } catch (error) {
      if (isRefusal(error)) this.leave()
      throw error
    }
  }

  /** Sends a request as the user; a token that the server refuses is replaced once. */
  readonly send: Send = async (request) => {
    const token = await this.token()
    try {
      return await this.#sendWith(token, request)
    } catch (error) {
      if (!isRefusal(error)) throw error
      // Another request may have replaced the token while this one was under way.
      return this.#sendWith(await this.token(this.currentToken() === token), request)
    }
  }

  #sendWith(token: string, request: HttpRequest): Promise<unknown> {
    return this.#send({ ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } })
  }

  /** One renewal at a time, however many ask. */
  #renew(): Promise<string> {
    this.#renewal ??= this.#send({ method: 'POST', path: '/api/auth/token' })
      .then((answer) => this.#keep(answer as Token))
      .finally(() => (this.#renewal = undefined))
    return this.#renewal
  }

  #accept(answer: unknown): void {
    const signedIn = answer as SignedIn
    this.#keep(signedIn)
    this.#enter(signedIn.user)
  }

  #enter(user: User): void {
    this.#state = { status: 'signed-in', user }
    this.#changed()
  }

  #keep({ token, expires_at }: Token): string {
    this.#token = token
    clearTimeout(this.#timer)
    const wait = Math.max(Date.parse(expires_at) - Date.now() - RENEW_BEFORE_END_MS, RENEW_APART_MIN_MS)
    // A renewal that fails is no loss: the next request asks again.
    this.#timer = setTimeout(() => void this.token(true).catch(() => {}), wait)
    this.#changed()
    return token
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** The server says that there is no such session (any more). */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}
