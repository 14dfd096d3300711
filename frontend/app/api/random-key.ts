/** 128 random bits as 32 hex digits: an idempotency key, and a trace id (W3C Trace Context). `crypto.randomUUID` is missing where the page came by plain HTTP. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
