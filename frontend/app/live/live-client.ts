import { backoff } from './backoff.ts'
import { Cursor } from './cursor.ts'
import type { ServerMessage } from './protocol.ts'
import type { Connection, Ending, Transport } from './transport.ts'
import type { CloudEvent } from '../api/types.ts'

/** Milliseconds a connection may take until it listens; after that it counts as failed. */
const READY_WITHIN_MS = 10_000
/** Failures in a row after which a WebSocket counts as impossible here, and Server-Sent Events have their turn. */
const SOCKET_FAILURES_MAX = 2
/** Milliseconds a connection must last to count as a success; one that is cut off at once is a failure like another. */
const SETTLED_AFTER_MS = 5_000

/** `connecting` until the first connection listens and whenever one is being made again; `live` while one listens. */
export type LiveState = 'stopped' | 'connecting' | 'live' | 'waiting'

export interface LiveOptions {
  socket: Transport
  stream: Transport
  /** A token for a connection; `fresh` when the last one was refused. */
  token(fresh: boolean): Promise<string>
  /** Something happened. */
  event(event: CloudEvent): void
  /** Anything may have happened: read everything again. */
  reload(): void
  state(state: LiveState): void
  random?: () => number
}

/** Keeps one live connection for as long as it is started: reconnects, resumes, and changes the transport by itself. */
export class LiveClient {
  readonly #options: LiveOptions
  readonly #cursor = new Cursor()
  #state: LiveState = 'stopped'
  #connection: Connection | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Connections in a row that did not last. */
  #failures = 0
  /** When the present connection began to listen, in milliseconds since the Unix epoch. */
  #liveSince: number | undefined
  #needsFreshToken = false
  /** Which attempt is the present one; what an earlier one still says is ignored. */
  #attempt = 0

  constructor(options: LiveOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#state === 'stopped') void this.#connect()
  }

  stop(): void {
    this.#drop()
    this.#enter('stopped')
  }

  /** Connects at once instead of later: the network is back, or the page was asleep and its connection may be dead. */
  wake(): void {
    if (this.#state === 'stopped') return
    this.#drop()
    void this.#connect()
  }

  /** A new token is there; a connection that can takes it over instead of ending with the old one. */
  renew(token: string): void {
    this.#connection?.renew(token)
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt
    const current = () => attempt === this.#attempt
    this.#enter('connecting')
    this.#timer = setTimeout(() => this.#ended('lost'), READY_WITHIN_MS)
    try {
      const token = await this.#options.token(this.#needsFreshToken)
      if (!current()) return
      this.#needsFreshToken = false
      this.#connection = this.#transport()({
        token,
        after: this.#cursor.after,
        message: (message) => current() && this.#receive(message),
        ended: (ending) => current() && this.#ended(ending),
      })
    } catch {
      if (current()) this.#ended('lost')
    }
  }

  /** The socket, until it has failed a few times; then both in turn. */
  #transport(): Transport {
    const { socket, stream } = this.#options
    const streamsTurn = this.#failures >= SOCKET_FAILURES_MAX && (this.#failures - SOCKET_FAILURES_MAX) % 2 === 0
    return streamsTurn ? stream : socket
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'ready':
        clearTimeout(this.#timer)
        this.#liveSince ??= Date.now()
        this.#enter('live')
        if (this.#cursor.ready(message.id) === 'unknown') this.#options.reload()
        return
      case 'reload':
        this.#cursor.reload()
        this.#options.reload()
        return
      case 'event':
        this.#cursor.event(message.id)
        this.#options.event(message.event)
        return
    }
  }

  #ended(ending: Ending): void {
    const listened = this.#state === 'live'
    this.#drop()
    this.#failures += 1
    this.#needsFreshToken = ending === 'unauthorized'
    this.#enter('waiting')
    // A connection that listened ended with its token: nothing is wrong, so there is nothing to wait for.
    const wait = listened && ending === 'unauthorized' ? 0 : backoff(this.#failures, this.#options.random)
    this.#timer = setTimeout(() => void this.#connect(), wait)
  }

  #drop(): void {
    if (this.#liveSince !== undefined && Date.now() - this.#liveSince >= SETTLED_AFTER_MS) this.#failures = 0
    this.#liveSince = undefined
    this.#attempt += 1
    clearTimeout(this.#timer)
    this.#connection?.close()
    this.#connection = undefined
  }

  #enter(state: LiveState): void {
    if (state === this.#state) return
    this.#state = state
    this.#options.state(state)
  }
}
