import { parseMessage } from './protocol.ts'
import type { Transport } from './transport.ts'

/** The server's close code for a token that is bad or has ended. */
const CLOSED_UNAUTHORIZED = 4401

/**
 * The transport of choice. The token travels as a subprotocol, because a browser can set no header here and a token in
 * the address would end up in logs.
 */
export function webSocket(url: string, Socket: typeof WebSocket = WebSocket): Transport {
  return ({ token, after, message, ended }) => {
    const socket = new Socket(url, ['dayloom.v1', `bearer.${token}`])
    let over = false
    let listening = false
    const say = (what: object) => socket.readyState === Socket.OPEN && socket.send(JSON.stringify(what))

    socket.onmessage = ({ data }) => {
      const said = !over && typeof data === 'string' ? parseMessage(data) : undefined
      if (said?.type === 'ready') {
        // Later ones answer `renew` and tell nothing new; or this server was behind another one, and there is nothing to wait for.
        if (listening && said.id !== after) return
        if (!listening && after !== undefined && said.id !== after) say({ type: 'resume', after })
        listening = true
      }
      if (said) message(said)
    }
    socket.onclose = ({ code }) => {
      if (over) return
      over = true
      ended(code === CLOSED_UNAUTHORIZED ? 'unauthorized' : 'lost')
    }
    return {
      close() {
        over = true
        socket.close()
      },
      renew: (fresh) => void say({ type: 'auth', token: fresh }),
    }
  }
}
