import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ClientFacts } from '../../../ports/gateway-door.ts'
import { baseOf } from '../base-url.ts'
import type { Forwarded } from '../proxies.ts'
import type { Channel } from './authority-deps.ts'

/**
 * How a client came. Who came by TLS goes on by TLS under the name that he knows us by, also where the gateway is announced under a plain address: EST and ACME are spoken over TLS
 * only. Behind a proxy of the operator's the proxy says it.
 */
export function channelOf(socket: Socket, client: ClientFacts, { announced, forwarded }: { announced: string; forwarded: Forwarded | undefined }): Channel {
  const address = forwarded === undefined ? client.address : forwarded.address
  const from = address === undefined ? {} : { address }
  if (forwarded?.base !== undefined) return { ...from, base: forwarded.base, secure: forwarded.base.startsWith('https://') }
  if (!(socket instanceof TLSSocket)) return { ...from, base: announced, secure: false }
  const base = announced.startsWith('https://') ? announced : baseOf(socket, announced, false)
  const certificate = client.identity === undefined ? undefined : socket.getPeerX509Certificate()?.raw
  return {
    ...from,
    base,
    secure: true,
    ...(client.identity === undefined ? {} : { identity: client.identity }),
    ...(certificate === undefined ? {} : { certificate: new Uint8Array(certificate) })
  }
}
