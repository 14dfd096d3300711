import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream'

import { parseEvent, type ServerMessage } from './protocol.ts'
import type { Connecting, Ending, Transport } from './transport.ts'

/**
 * Milliseconds of silence after which the stream counts as dead: the server's heartbeat comes every 15 seconds, and two
 * may get lost.
 */
const SILENCE_MS_MAX = 45_000

/**
 * Server-Sent Events, for networks that let no WebSocket through.
 *
 * Read with `fetch` instead of `EventSource`, which can neither start from a known event nor say why it failed. The
 * session cookie goes along, and the token too.
 */
export function eventStream(
  url: string,
  fetch: typeof globalThis.fetch = globalThis.fetch.bind(globalThis),
): Transport {
  return (connecting) => {
    const abort = new AbortController()
    read(url, fetch, connecting, abort)
      .catch((): Ending => 'lost')
      .then((ending) => {
        if (abort.signal.aborted && abort.signal.reason !== SILENCE) return
        abort.abort()
        connecting.ended(ending)
      })
    return { close: () => abort.abort(), renew: () => {} }
  }
}

const SILENCE = Symbol('silence')

async function read(
  url: string,
  fetch: typeof globalThis.fetch,
  { token, after, message }: Connecting,
  abort: AbortController,
): Promise<Ending> {
  const headers: Record<string, string> = { Accept: 'text/event-stream', Authorization: `Bearer ${token}` }
  if (after !== undefined) headers['Last-Event-ID'] = after

  const silence = watchdog(SILENCE_MS_MAX, () => abort.abort(SILENCE))
  try {
    const response = await fetch(url, { headers, cache: 'no-store', credentials: 'same-origin', signal: abort.signal })
    if (response.status === 401) return 'unauthorized'
    if (!response.ok || !response.body) return 'lost'

    message({ type: 'ready' })
    const events = response.body
      .pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform: (bytes, out) => (silence.feed(), out.enqueue(bytes)),
        }),
      )
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream())
    for (const reader = events.getReader(); ;) {
      const { done, value } = await reader.read()
      if (done || abort.signal.aborted) return 'lost'
      const said = translate(value)
      if (said) message(said)
    }
  } finally {
    silence.stop()
  }
}

/** An SSE block as the message a WebSocket would have brought. */
function translate({ event: kind, id, data }: EventSourceMessage): ServerMessage | undefined {
  if (kind === 'reload') return { type: 'reload' }
  const event = kind === 'event' ? parseEvent(data) : undefined
  return event && id !== undefined ? { type: 'event', id, event } : undefined
}

/** Calls `bark` once nothing was fed for `ms`. */
function watchdog(ms: number, bark: () => void): { feed(): void; stop(): void } {
  let timer = setTimeout(bark, ms)
  const stop = () => clearTimeout(timer)
  return {
    feed() {
      stop()
      timer = setTimeout(bark, ms)
    },
    stop,
  }
}
