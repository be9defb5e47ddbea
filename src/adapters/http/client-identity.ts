import type { IncomingMessage } from 'node:http'
import type { Principal } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'

/** Which clients the ingress knows without a certificate: those on its own machine, or none. */
export type Clients = 'loopback' | 'none'

/** Headers of a proxy: the client is then somewhere else, whatever the socket says. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'] as const

/**
 * Who asks: a plain client on the gateway's own machine speaks as the gateway itself. A web page in a browser there does not: browsers say where a page
 * comes from (Origin, Sec-Fetch-Site), and a name that was pointed at this machine shows in Host. Throws UNAUTHENTICATED.
 */
export function identify(request: IncomingMessage, self: Principal | undefined, clients: Clients): Principal {
  if (self === undefined) throw new HansaError('OVERLOADED', 'the gateway has no certificate yet')
  const { headers, socket } = request
  const refused = (why: string): HansaError => new HansaError('UNAUTHENTICATED', `${why}; other clients need a certificate of a domain that is listed here`)
  if (clients === 'none') throw refused('clients without a certificate are not served')
  if (!isLoopback(socket.remoteAddress)) throw refused('only clients on the machine of the gateway are known without one')
  if (FORWARDED.some((name) => headers[name] !== undefined)) throw refused('the request came through a proxy')
  const site = headers['sec-fetch-site']
  if (headers.origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin')) throw refused('the request came from a web page')
  if (!isOwnHost(headers.host)) throw refused('the request names another host')
  return self
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address))
}

function isOwnHost(host: string | undefined): boolean {
  return host === undefined || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(host)
}
