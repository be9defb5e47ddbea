import { isShallow } from './json-depth.ts'

/** Where a client of MQTT 3.1.1, which has no properties, says how it is answered: `params.metadata["urn:hansa:mqtt"] = { replyTo, correlation }`. */
export const MQTT_ENVELOPE = 'urn:hansa:mqtt'

export interface Envelope {
  readonly replyTo: string
  /** Comes back beside the result or error, as `"urn:hansa:mqtt": { correlation }`. */
  readonly correlation: string
  /** The request without the envelope. */
  readonly body: Uint8Array
}

const MAX_DEPTH = 128
const MAX_CORRELATION = 256

/** Takes the envelope out of a JSON-RPC request. Undefined when there is none, or none that can be used. Never throws. */
export function openEnvelope(body: Uint8Array): Envelope | undefined {
  if (!isShallow(body, MAX_DEPTH)) return undefined
  let request: unknown
  try {
    request = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
  const params = memberOf(request, 'params')
  const metadata = memberOf(params, 'metadata')
  const envelope = memberOf(metadata, MQTT_ENVELOPE)
  if (!isObject(request) || !isObject(params) || !isObject(metadata) || !isObject(envelope)) return undefined
  const { replyTo, correlation } = envelope
  if (typeof replyTo !== 'string' || typeof correlation !== 'string' || correlation === '' || correlation.length > MAX_CORRELATION) return undefined
  const { [MQTT_ENVELOPE]: _, ...others } = metadata
  // Not every request of A2A has metadata: empty ones go with the envelope.
  const { metadata: __, ...rest } = params
  const plain = { ...request, params: Object.keys(others).length > 0 ? { ...rest, metadata: others } : rest }
  return { replyTo, correlation, body: new TextEncoder().encode(JSON.stringify(plain)) }
}

/** Puts the correlation beside the result or error of an answer. */
export function sealAnswer(json: string, correlation: string): string {
  return `${json.slice(0, -1)},${JSON.stringify(MQTT_ENVELOPE)}:${JSON.stringify({ correlation })}}`
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
