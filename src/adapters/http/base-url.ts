import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * Base URL for the client at the other end of a socket. What the operator announces is right for everybody. Otherwise it is where the port listens; who came by TLS goes on
 * by TLS, under the name that he asked for when the certificate has it, since he checks that name again.
 */
export function baseOf(socket: Socket, base: string, announced: boolean): string {
  if (announced || !(socket instanceof TLSSocket)) return base
  const url = URL.parse(base)
  if (url === null) return base
  // False without SNI, whatever the types say.
  const name: unknown = (socket as TLSSocket & { readonly servername?: unknown }).servername
  const own = typeof name === 'string' && socket.getX509Certificate()?.checkHost(name) !== undefined
  // A port that is not written is that of plain HTTP: TLS is spoken on the same one.
  return `https://${own ? name : url.hostname}:${url.port === '' ? '80' : url.port}`
}
