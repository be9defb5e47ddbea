import { z } from 'zod'
import { MAPPED_ERRORS } from '../../wire/binding/mapping/mapping.ts'
import { compilePattern } from '../../wire/binding/mapping/pattern.ts'
import { compileInsertion, compileTemplate, compileTree, type Template } from '../../wire/binding/mapping/template.ts'
import { parseDuration } from '../config/units.ts'

/** A text that `compile` understands; what it says when it does not becomes the problem's message. */
function compiled<T>(max: number, compile: (text: string) => T) {
  return z
    .string()
    .max(max)
    .transform((text, context): T => {
      try {
        return compile(text)
      } catch (thrown) {
        context.addIssue({ code: 'custom', message: thrown instanceof SyntaxError ? thrown.message : 'not understood' })
        return z.NEVER
      }
    })
}

const template = compiled(8_000, compileTemplate)
const pattern = compiled(1_000, compilePattern)
const pointer = compiled(300, compileInsertion)
const scalar = z.union([z.string(), z.number(), z.boolean()])

/** JSON in YAML; its texts are templates. */
const tree = z.json().transform((value, context) => {
  try {
    return compileTree(value)
  } catch (thrown) {
    context.addIssue({ code: 'custom', message: thrown instanceof SyntaxError ? thrown.message : 'not understood' })
    return z.NEVER
  }
})

/** A pointer alone, as /answer, or a text with pointers in it. */
const words = compiled(8_000, (text): Template => (text === '' || text.startsWith('/') ? [compileInsertion(text)] : compileTemplate(text)))

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 10 && ms <= 3_600_000) return ms
  context.addIssue({ code: 'custom', message: 'expected a duration from 10ms to 1h, such as 30s' })
  return z.NEVER
})

/** Set by the HTTP client itself; a mapping that says them could smuggle a second request. */
const RESERVED = /^(host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*|grpc-.*)$/

const headers = z.record(
  z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'not the name of a header')
    .refine((name) => !RESERVED.test(name.toLowerCase()), 'this header is not for a mapping to set'),
  template
)

const answer = { text: words.optional(), data: tree.optional() }

const rule = z.strictObject({ code: z.enum(MAPPED_ERRORS), message: pointer.optional() })

/** Origin and path apart: the origin is never from a template. */
const url = compiled(8_000, (text) => {
  const [, origin, path = ''] = /^(https?:\/\/[^/{}?#\s@\\]+)?(\/(?:\{\{[^{}]*\}\}|[^?#{}])*)$/.exec(text) ?? []
  if (path === '')
    throw new SyntaxError('expected a path beginning with /, or http(s)://host[:port]/path with the host written out; query has a key of its own')
  const parsed = origin === undefined ? undefined : URL.parse(origin)
  if (parsed === null) throw new SyntaxError('expected an http or https URL')
  return { origin: parsed?.origin, path: splitPath(path) }
})

/** Segments between slashes, not looking into {{ }}. */
function splitPath(path: string): Template[] {
  const segments = path.match(/(?:\{\{[^{}]*\}\}|[^/])+|(?<=\/)(?=\/|$)/g) ?? []
  return [[], ...segments.map((segment) => compileTemplate(encodeLiteral(segment)))]
}

/** What the file says as it would stand in a URL. */
function encodeLiteral(segment: string): string {
  if (/^(\.|%2e){1,2}$/i.test(segment)) throw new SyntaxError('a path without . and .. as segments')
  const encode = (text: string) => text.replace(/[^!-~]+|["<>\\^`|]/gu, encodeURIComponent)
  return segment
    .split(/(\{\{[^{}]*\}\})/)
    .map((piece) => (piece.startsWith('{{') ? piece : encode(piece)))
    .join('')
}

const http = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  url,
  query: z.record(z.string().max(200), template).default({}),
  headers: headers.default({}),
  body: tree.optional(),
  response: z.strictObject(answer).default({}),
  stream: z.strictObject({ ...answer, format: z.enum(['sse', 'lines']), progress: words.optional(), end: z.string().max(200).optional() }).optional(),
  errors: z.record(z.string().regex(/^[1-5](\d\d|xx)$/, 'expected a status such as 404, or a class such as 4xx'), rule).default({})
})

const grpc = z.strictObject({
  service: z.string().max(300),
  method: z.string().max(200),
  metadata: headers.default({}),
  request: tree.default({ map: [] }),
  response: z.strictObject(answer).default({}),
  errors: z.record(z.string().regex(/^[A-Z_]{2,30}$/, 'expected the name of a status, such as NOT_FOUND'), rule).default({})
})

const skill = z.strictObject({ match: pattern.optional(), http: http.optional(), grpc: grpc.optional() })

const input = z.strictObject({
  from: z.union([pointer.transform((one) => [one]), z.array(pointer).max(16)]).default([]),
  type: z.enum(['any', 'text', 'integer', 'number', 'boolean']).default('any'),
  required: z.boolean().default(false),
  default: scalar.optional()
})

const name = z.string().regex(/^[A-Za-z_]\w{0,63}$/, 'expected a name of letters, digits and _')

/** The shape of a mapping file. What its parts say of each other is checked when it is read. */
export const mappingSchema = z.strictObject({
  timeout: duration.default(30_000),
  maxBytes: z
    .int()
    .min(1)
    .max(16 * 1024 * 1024)
    .default(1024 * 1024),
  descriptors: z.string().max(1_000).optional(),
  secrets: z.record(name, z.union([z.strictObject({ env: z.string().max(200) }), z.strictObject({ file: z.string().max(1_000) })])).default({}),
  health: z
    .strictObject({ method: z.enum(['GET', 'POST']).default('GET'), path: z.string().regex(/^\/[\x21-\x7e]*$/, 'expected a path beginning with /') })
    .optional(),
  inputs: z.record(name, input).default({}),
  patterns: z.array(pattern).max(32).default([]),
  http: http.optional(),
  grpc: grpc.optional(),
  skills: z.record(z.string().max(200), skill).default({})
})

export type MappingFile = z.output<typeof mappingSchema>
export type HttpPart = z.output<typeof http>
export type GrpcPart = z.output<typeof grpc>
