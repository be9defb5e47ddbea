/** What a client speaks, told by its first bytes. */
export type Spoken = 'tls' | 'http1' | 'http2' | 'mqtt'

/** RFC 9113 3.4: how every HTTP/2 connection begins. */
const PREFACE = new TextEncoder().encode('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** More bytes than these are never needed. */
export const MAX_SNIFF = PREFACE.length

const TLS_HANDSHAKE = 0x16
const TLS_MAJOR = 0x03
/** Fixed header of an MQTT CONNECT: type 1, no flags (MQTT 5, 3.1.1). */
const MQTT_CONNECT = 0x10

/** `more`: cannot be told yet. What is nothing else is taken for HTTP/1, which has an answer for what is not. */
export function sniff(bytes: Uint8Array): Spoken | 'more' {
  const [first, second] = bytes
  if (first === undefined) return 'more'
  if (first === TLS_HANDSHAKE) return second === undefined ? 'more' : second === TLS_MAJOR ? 'tls' : 'http1'
  if (first === MQTT_CONNECT) return 'mqtt'
  if (begins(bytes, PREFACE)) return bytes.length >= PREFACE.length ? 'http2' : 'more'
  return 'http1'
}

function begins(bytes: Uint8Array, whole: Uint8Array): boolean {
  const length = Math.min(bytes.length, whole.length)
  for (let index = 0; index < length; index++) if (bytes[index] !== whole[index]) return false
  return true
}
