import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { HansaError } from '../../schema/errors.ts'

/** Longest answer of a translation service, in bytes. */
const MAX_ANSWER = 8 * 1024 * 1024

export interface JsonQuestion {
  readonly url: URL
  /** Undefined: GET. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/**
 * The JSON answer of a translation service. Redirects are not followed: text of others goes where the operator said and nowhere else. Throws TRANSLATION_UNAVAILABLE
 * (nothing of the answer is in the message: it may repeat the key), and the signal's reason.
 */
export async function askJson({ url, body, headers = {}, signal }: JsonQuestion): Promise<unknown> {
  signal.throwIfAborted()
  const text = body === undefined ? undefined : JSON.stringify(body)
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const { request } = url.protocol === 'https:' ? https : http
      const content = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const options = { method: text === undefined ? 'GET' : 'POST', signal, headers: { accept: 'application/json', ...content, ...headers } }
      request(url, options, resolve).on('error', reject).end(text)
    })
    if (response.statusCode !== 200) {
      response.destroy()
      throw failed(url, `HTTP ${response.statusCode ?? 0}`)
    }
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of response as AsyncIterable<Uint8Array>) {
      size += part.length
      if (size > MAX_ANSWER) throw failed(url, `more than ${MAX_ANSWER} bytes`)
      parts.push(part)
    }
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts, size)))
  } catch (cause) {
    if (cause instanceof HansaError) throw cause
    signal.throwIfAborted()
    throw failed(url, cause instanceof SyntaxError || cause instanceof TypeError ? 'no JSON' : 'no connection', cause)
  }
}

function failed(url: URL, why: string, cause?: unknown): HansaError {
  return new HansaError('TRANSLATION_UNAVAILABLE', `the translation service at ${url.origin} does not answer as it should (${why})`, {}, cause)
}
