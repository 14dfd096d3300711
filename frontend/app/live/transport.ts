import type { ServerMessage } from './protocol.ts'

/** Why a connection ended. `unauthorized` asks for a fresh token; everything else is `lost`. */
export type Ending = 'lost' | 'unauthorized'

/** What a connection needs, and whom it tells. */
export interface Connecting {
  token: string
  /** The last message this client has seen, if any: what came after it is wanted. */
  after: string | undefined
  message(message: ServerMessage): void
  /** Told once, unless the client closed the connection itself. */
  ended(ending: Ending): void
}

/** An open (or opening) connection. */
export interface Connection {
  /** Ends it; nothing is told after that. */
  close(): void
  /** Extends it with a new token, where the transport can. */
  renew(token: string): void
}

/** Opens a connection of one kind. Never throws; failure is an ending. */
export type Transport = (connecting: Connecting) => Connection
