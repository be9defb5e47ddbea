import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { HansaError } from '../schema/errors.ts'
import { errorOfShape } from './error-shape.ts'
import {
  type AdminInput,
  type AdminOperation,
  type AdminOperationName,
  adminOperations,
  type AdminResponse,
  type StreamName,
  type UnaryName
} from './operations.ts'
import { errorShape } from './types.ts'

/** What a running node answers to an operation (or, for a stream, each item of it). */
export type AdminAnswer<K extends AdminOperationName> = AdminResponse<K>

/** Speaks to the admin server of a running node. */
export interface AdminClient {
  /** Throws the node's HansaError, NODE_NOT_RUNNING when nobody answers, CANCELED. */
  call<K extends UnaryName>(name: K, input: AdminInput<K>, signal?: AbortSignal): Promise<AdminAnswer<K>>
  /** As call; leaving the loop early cancels at the node. */
  stream<K extends StreamName>(name: K, input: AdminInput<K>, signal?: AbortSignal): AsyncGenerator<AdminAnswer<K>>
}

export interface AdminTarget {
  /** http://host:port or unix:/path, as in the run file. */
  readonly address: string
  readonly token: string
  /** For messages. */
  readonly home: string
}

/** No answer of a node is larger; more would be somebody else on its port. */
const MAX_ANSWER_CHARACTERS = 64 * 1024 * 1024

const refusal = z.object({ error: errorShape })

export function createAdminClient(target: AdminTarget): AdminClient {
  return {
    async call(name, input, signal) {
      const operation: AdminOperation = adminOperations[name]
      const response = await send(target, operation, input, signal)
      const body = parseJson(await readAll(response))
      if (response.statusCode !== 200) throw errorIn(body, response.statusCode)
      return understood(name, body)
    },
    async *stream(name, input, signal) {
      const operation: AdminOperation = adminOperations[name]
      const response = await send(target, operation, input, signal)
      if (response.statusCode !== 200) throw errorIn(parseJson(await readAll(response)), response.statusCode)
      try {
        for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
          const item = parseJson(line)
          if (refusal.safeParse(item).success) throw errorIn(item, 200)
          yield understood(name, item)
        }
        if (!response.complete) throw new HansaError('CONNECTION_LOST', 'the node ended before its answer did')
      } finally {
        response.destroy()
      }
    }
  }
}

function send(target: AdminTarget, operation: AdminOperation, input: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
  const query = operation.method === 'GET' ? `?${queryOf(input as Record<string, string | undefined>)}` : ''
  const body = operation.method === 'GET' ? undefined : JSON.stringify(input)
  const headers = { authorization: `Bearer ${target.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const options = { method: operation.method, headers, ...(signal === undefined ? {} : { signal }) }
  const path = operation.path + query
  return new Promise((resolve, reject) => {
    const request: ClientRequest = target.address.startsWith('unix:')
      ? httpRequest({ ...options, socketPath: target.address.slice('unix:'.length), path })
      : httpRequest(target.address + path, options)
    request.once('response', resolve)
    request.once('error', (cause) => {
      if (signal?.aborted === true) reject(new HansaError('CANCELED', 'canceled', {}, cause))
      else reject(new HansaError('NODE_NOT_RUNNING', `the node of ${target.home} does not answer at ${target.address}`, { home: target.home }, cause))
    })
    request.end(body)
  })
}

/** Without what is undefined, which would become a word. */
function queryOf(input: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(input).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return new URLSearchParams(given).toString()
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  try {
    for await (const chunk of response) {
      text += String(chunk)
      if (text.length > MAX_ANSWER_CHARACTERS) throw new HansaError('FRAME_TOO_LARGE', 'the answer of the node is too large', { bound: MAX_ANSWER_CHARACTERS })
    }
  } catch (cause) {
    if (cause instanceof HansaError) throw cause
    throw new HansaError('CONNECTION_LOST', 'the node ended before its answer did', {}, cause)
  }
  return text
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HansaError('MALFORMED', 'what answers at the address of the node is no Hansa node', {}, cause)
  }
}

function errorIn(body: unknown, status = 0): HansaError {
  const parsed = refusal.safeParse(body)
  return parsed.success ? errorOfShape(parsed.data.error) : new HansaError('MALFORMED', `the node answered with status ${status} and no reason`)
}

function understood<K extends AdminOperationName>(name: K, body: unknown): AdminResponse<K> {
  const parsed = adminOperations[name].response.safeParse(body)
  if (!parsed.success) throw new HansaError('MALFORMED', `the node's answer to ${name} is not what this version knows: ${z.prettifyError(parsed.error)}`)
  return parsed.data as AdminResponse<K>
}
