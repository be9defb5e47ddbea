import type { ErrorCode } from '../../../schema/errors.ts'
import type { DescMethodUnary, FileRegistry } from '@bufbuild/protobuf'
import type { Pattern } from './pattern.ts'
import type { Insertion, Template, TreeTemplate } from './template.ts'

/** `protocolBinding` of a card's interface behind which a plain service is, called by a mapping. */
export const MAPPED_HTTP_BINDING = 'urn:hansa:binding:http'
export const MAPPED_GRPC_BINDING = 'urn:hansa:binding:grpc'

/** How messages become calls of one plain service, and its answers messages (draft 2.5, 3.3.2). Checked: every template compiles and points to something. */
export interface Mapping {
  /** Longest time for an answer, or between two events of a streamed one, in milliseconds. */
  readonly timeoutMs: number
  /** Largest answer, or event of a streamed one. */
  readonly maxBytes: number
  /** By name; read from files and the environment, never from the mapping or the card. */
  readonly secrets: Readonly<Record<string, string>>
  readonly inputs: readonly InputRule[]
  /** Tried in order over the text; the groups of the first that matches are inputs. */
  readonly patterns: readonly Pattern[]
  /** What is not for one of the skills. */
  readonly otherwise: Route | undefined
  readonly skills: readonly SkillRule[]
  readonly health: { readonly method: 'GET' | 'POST'; readonly path: string } | undefined
}

export type InputType = 'any' | 'text' | 'integer' | 'number' | 'boolean'

/** One typed input. It is looked for at the pointers, then among the groups of the patterns, then the default. */
export interface InputRule {
  readonly name: string
  readonly from: readonly Insertion[]
  readonly type: InputType
  readonly required: boolean
  readonly initial: string | number | boolean | undefined
}

export interface SkillRule {
  readonly id: string
  /** Chosen by the text, where the message does not name a skill. */
  readonly match: Pattern | undefined
  readonly route: Route
}

export type Route = HttpRoute | GrpcRoute

interface RouteInputs {
  /** Names of the inputs that its templates point to: only these are looked for, and can be missing. */
  readonly inputs: ReadonlySet<string>
}

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpRoute extends RouteInputs {
  readonly kind: 'http'
  readonly method: HttpMethod
  /** Undefined: that of the card's interface, with its path before this one. Never from a template. */
  readonly origin: string | undefined
  /** Segments between slashes. */
  readonly path: readonly Template[]
  readonly query: readonly (readonly [string, Template])[]
  readonly headers: readonly (readonly [string, Template])[]
  readonly body: TreeTemplate | undefined
  readonly response: AnswerRule
  readonly stream: StreamRule | undefined
  /** By status as 404, or class as 4xx. */
  readonly errors: Readonly<Record<string, ErrorRule>>
}

export interface GrpcRoute extends RouteInputs {
  readonly kind: 'grpc'
  readonly method: DescMethodUnary
  readonly registry: FileRegistry
  readonly metadata: readonly (readonly [string, Template])[]
  readonly request: TreeTemplate
  readonly response: AnswerRule
  /** By the name of the status, as NOT_FOUND. */
  readonly errors: Readonly<Record<string, ErrorRule>>
}

/** Templates over the answer. Neither: the whole, as text or data by its own kind. */
export interface AnswerRule {
  readonly text: Template | undefined
  readonly data: TreeTemplate | undefined
}

export interface StreamRule extends AnswerRule {
  readonly format: 'sse' | 'lines'
  /** A word on how it goes, which is no part of the answer. */
  readonly progress: Template | undefined
  /** Data of the event that says that there are no more, as [DONE]. */
  readonly end: string | undefined
}

export interface ErrorRule {
  readonly code: MappedError
  /** Pointer into a JSON answer. */
  readonly message: Insertion | undefined
}

/** What a plain service's refusals may mean to a caller. */
export const MAPPED_ERRORS = [
  'INVALID_ARGUMENT',
  'PERMISSION_DENIED',
  'NOT_FOUND',
  'RATE_LIMITED',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
  'UNSUPPORTED_OPERATION',
  'CONTENT_TYPE_NOT_SUPPORTED',
  'AGENT_UNREACHABLE',
  'AGENT_FAILED'
] as const satisfies readonly ErrorCode[]

export type MappedError = (typeof MAPPED_ERRORS)[number]
