import { request as overTls } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import type { AuthorityServer } from './authority-server.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** PEM. */
  readonly cert?: string
  readonly key?: string
}

/** One request to the node aca1 of a domain over TLS, believing its root alone. */
export function ask(
  { port, rootPem }: AuthorityServer,
  name: string,
  path: string,
  { method = 'GET', headers = {}, body, cert, key }: Sent = {}
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername: name, ca: rootPem, method, path, headers, agent: false, cert, key }
    const sent = overTls(options, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
