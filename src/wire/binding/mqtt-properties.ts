import { HansaError } from '../../schema/errors.ts'
import { type TraceContext, traceContext } from '../trace-context.ts'
import { A2A_VERSION } from './a2a-version.ts'

/** User properties of MQTT 5 as the libraries show them; a name may come twice. */
export type UserProperties = Readonly<Record<string, string | readonly string[] | undefined>>

/** The properties of a PUBLISH that A2A over MQTT gives a meaning. */
export interface PublishProperties {
  readonly responseTopic?: string
  readonly correlationData?: Uint8Array
  /** Seconds. */
  readonly messageExpiryInterval?: number
  readonly contentType?: string
  readonly userProperties?: UserProperties
}

/** What a request says beside its payload. */
export interface RequestFacts extends TraceContext {
  readonly extensions: readonly string[]
  /** `a2a-context-id`: for a message that says no context of its own. */
  readonly contextId?: string
  readonly acceptLanguage?: string
  readonly contentLanguage?: string
  /** From the Message Expiry Interval. */
  readonly timeoutMs?: number
}

/** Longest deadline that the network carries (call.proto), in milliseconds. */
const MAX_TIMEOUT_MS = 3_600_000

const MAX_EXTENSIONS = 32
const MAX_VALUE = 2_048

/**
 * Reads them. Throws VERSION_NOT_SUPPORTED for another version than 1.0 (none means 1.0 in the profile), DEADLINE_EXCEEDED for a message that has expired, INVALID_ARGUMENT for
 * too many extensions or too long values.
 */
export function requestFacts(properties: PublishProperties): RequestFacts {
  const user = properties.userProperties ?? {}
  checkMqttVersion(one(user, 'a2a-version'))
  const expiry = properties.messageExpiryInterval
  if (expiry === 0) throw new HansaError('DEADLINE_EXCEEDED', 'the request has expired')
  const extensions = (one(user, 'a2a-extensions') ?? '')
    .split(',')
    .map((uri) => uri.trim())
    .filter((uri) => uri !== '')
  if (extensions.length > MAX_EXTENSIONS) throw new HansaError('INVALID_ARGUMENT', `more than ${MAX_EXTENSIONS} extensions`)
  return {
    extensions,
    ...traceContext(one(user, 'traceparent'), one(user, 'tracestate')),
    contextId: one(user, 'a2a-context-id'),
    acceptLanguage: firstLanguage(one(user, 'accept-language')),
    contentLanguage: firstLanguage(one(user, 'content-language')),
    timeoutMs: expiry === undefined ? undefined : Math.min(expiry * 1000, MAX_TIMEOUT_MS)
  }
}

/** Agents of the profile write the patch number as well. */
function checkMqttVersion(sent: string | undefined): void {
  if (sent === undefined || sent === '' || /^1\.0(\.\d{1,4})?$/.test(sent)) return
  throw new HansaError('VERSION_NOT_SUPPORTED', `A2A ${JSON.stringify(sent.slice(0, 20))} is not spoken here; ${A2A_VERSION} is`, { supported: A2A_VERSION })
}

/** The first of its values. */
function one(user: UserProperties, name: string): string | undefined {
  if (!Object.hasOwn(user, name)) return undefined
  const value = user[name]
  const first = typeof value === 'string' ? value : value?.[0]
  if (first !== undefined && first.length > MAX_VALUE)
    throw new HansaError('INVALID_ARGUMENT', `the user property ${name} is longer than ${MAX_VALUE} characters`)
  return first
}

/** The first of a list as HTTP writes it (RFC 9110 12.5.4); its weight is left out. */
function firstLanguage(list: string | undefined): string | undefined {
  const tag = list?.split(',')[0]?.split(';')[0]?.trim()
  return tag !== undefined && /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}$/.test(tag) ? tag : undefined
}
