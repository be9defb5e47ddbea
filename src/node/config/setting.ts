import { z } from 'zod'
import { HansaError } from '../../schema/errors.ts'
import { isCapability } from '../../core/ids/capability.ts'
import { formatDuration, parseDuration, parseRate } from './units.ts'
import { type ListenAddress, isLoopback, parseListenAddress, parseTcpAddress } from './listen-address.ts'

/** What the explanation of a setting needs beside its schema. */
export interface SettingNote {
  /** Why the default is what it is, or what the key is for. */
  readonly description: string
  /** What a value must look like, for the message of a refusal. */
  readonly expected: string
}

const notes = z.registry<SettingNote>()

/** What was said of a schema when it was made a setting. */
export function noteOf(schema: z.core.$ZodType): SettingNote | undefined {
  return notes.get(schema as z.ZodType)
}

/** A kind of value: its schema and the words for it. */
export interface Kind<S extends z.ZodType> {
  readonly schema: S
  readonly expected: string
}

/** A key with a default, written as a person would write it in the file, so that the default passes the same checks. */
export function setting<S extends z.ZodType>(kind: Kind<S>, initial: z.input<S>, reason: string): z.ZodPrefault<S> {
  const schema = kind.schema.prefault(() => structuredClone(initial) as never)
  notes.add(schema, { description: reason, expected: kind.expected })
  return schema
}

/** A key without a default: nobody but the operator can know it. */
export function required<S extends z.ZodType>(kind: Kind<S>, reason: string): S {
  const schema = kind.schema.clone() as S
  notes.add(schema, { description: reason, expected: kind.expected })
  return schema
}

/** A key that may be absent. */
export function optional<S extends z.ZodType>(kind: Kind<S>, reason: string): z.ZodOptional<S> {
  const schema = kind.schema.optional()
  notes.add(schema, { description: reason, expected: kind.expected })
  return schema
}

function parsed<T>(expected: string, parse: (text: string) => T | undefined): Kind<z.ZodType<T, string>> {
  const schema = z.string().transform((text, context): T => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
  return { schema, expected }
}

/** Lets a parser of core/ids judge a text. */
export function parsedBy(expected: string, parse: (text: string) => string): Kind<z.ZodType<string, string>> {
  return parsed(expected, (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (error instanceof HansaError) return undefined
      throw error
    }
  })
}

/** Milliseconds from min to max, written as 30s or 24h. */
export function duration(min: string, max: string): Kind<z.ZodType<number, string>> {
  const [low = 0, high = 0] = [parseDuration(min), parseDuration(max)]
  const expected = `a duration from ${formatDuration(low)} to ${formatDuration(high)}, such as 500ms, 30s, 5m, 24h or 90d`
  return parsed(expected, (text) => {
    const ms = parseDuration(text)
    return ms !== undefined && ms >= low && ms <= high ? ms : undefined
  })
}

export const rate = parsed('a rate such as 60/min, 5/s or 1000/h', parseRate)

export const tcpAddress = parsed('an IP address and port such as 0.0.0.0:7400 or [::]:7400 (port 0 means any free one)', parseTcpAddress)

/** scheme://host[:port] and nothing more: paths are the server's own, and a name and password would be told to everybody. */
export const origin = parsed('an http: or https: URL without a path, such as https://gw.north.example', (text) => {
  const url = text.length <= 256 ? URL.parse(text) : null
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
  return plain && /^https?:\/\/[^\s/?#]+\/?$/.test(text) ? url.origin : undefined
})

/** As `origin`, for what must be reached without TLS. */
export const plainOrigin = parsed('an http: URL without a path, such as http://ca.north.example', (text) => {
  const url = text.length <= 256 && /^http:\/\/[^\s/?#]+\/?$/.test(text) ? URL.parse(text) : null
  return url !== null && url.href === `${url.origin}/` ? url.origin : undefined
})

/** Loopback or Unix socket only. */
export const localAddress = parsed<ListenAddress>('a loopback address and port such as 127.0.0.1:7401, or unix:PATH', (text) => {
  const address = parseListenAddress(text)
  return address?.kind === 'tcp' && !isLoopback(address.host) ? undefined : address
})

export const capability = parsed('a capability such as travel/flight-booking', (text) => (isCapability(text) ? text : undefined))

export function integer(min: number, max: number): Kind<z.ZodNumber> {
  return { schema: z.int().min(min).max(max), expected: `a whole number from ${min} to ${max}` }
}

export const flag: Kind<z.ZodBoolean> = { schema: z.boolean(), expected: 'true or false' }

export function oneOf<const T extends readonly [string, ...string[]]>(...values: T): Kind<z.ZodType<T[number], T[number]>> {
  return { schema: z.enum(values) as unknown as z.ZodType<T[number], T[number]>, expected: `one of ${values.join(', ')}` }
}

/** One line of text without control characters. */
export function text(what: string, max = 1024): Kind<z.ZodType<string, string>> {
  return parsed(what, (value) => (value.length > 0 && value.length <= max && !/\p{Cc}/u.test(value) ? value : undefined))
}

export function list<S extends z.ZodType>(kind: Kind<S>, max: number, min = 0): Kind<z.ZodArray<S>> {
  return { schema: z.array(kind.schema).min(min).max(max), expected: `a list of ${min === 0 ? 'at most' : `${min} to`} ${max}, each ${kind.expected}` }
}
