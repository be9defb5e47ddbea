import type { IncomingMessage } from 'node:http'
import type { ClientFacts, Identify, Principal } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Forwarded } from './proxies.ts'

/** Headers of a proxy: the client is then somewhere else, whatever the socket says. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'] as const

/** Beside what the connection shows. */
export interface RequestFacts {
  /** What a proxy of the operator's says; undefined when there is none. */
  readonly forwarded?: Forwarded
  /** host[:port] that the gateway is announced under, or that the client knows its certificate by. */
  readonly ownHost?: string
}

/**
 * Who asks over HTTP. A certificate says it. A plain client on the gateway's own machine speaks as the gateway itself; a web page in a browser there does not: browsers say
 * where a page comes from (Origin, Sec-Fetch-Site), and a name that was pointed at this machine shows in Host. Behind a proxy of the operator's the client is where
 * the proxy says, and nowhere when it does not say. Throws UNAUTHENTICATED.
 */
export function identifyRequest(request: IncomingMessage, client: ClientFacts, identify: Identify, { forwarded, ownHost }: RequestFacts = {}): Principal {
  if (client.identity !== undefined) return identify(client)
  const principal = identify(forwarded === undefined ? client : { address: forwarded.address })
  const { headers } = request
  if (forwarded === undefined && FORWARDED.some((name) => headers[name] !== undefined)) throw refused('the request came through a proxy')
  const site = headers['sec-fetch-site']
  if (headers.origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin')) throw refused('the request came from a web page')
  const host = forwarded?.host ?? headers.host
  if (!isOwnHost(host) && host?.toLowerCase() !== ownHost) throw refused('the request names another host')
  return principal
}

function refused(why: string): HansaError {
  return new HansaError('UNAUTHENTICATED', `${why}; other clients need a certificate of a domain that is listed here`)
}

function isOwnHost(host: string | undefined): boolean {
  return host === undefined || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(host)
}
