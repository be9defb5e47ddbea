import { create } from '@bufbuild/protobuf'
import { type AgentInterface, AgentInterfaceSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** A binding that this gateway serves its agents on, for their cards. */
export type Offer =
  | { readonly binding: 'JSONRPC' | 'HTTP+JSON'; readonly version: '1.0' | '0.3' }
  | { readonly binding: 'GRPC'; readonly version: '1.0' }
  /** Any other, at one address for all agents, which are told apart by `tenant`. */
  | { readonly binding: string; readonly version: string; readonly url: string }

/** Where an agent is reached through a gateway, in the order of `offers`, which is the order of preference. `base`: URL without a slash at the end. */
export function interfacesOf(offers: readonly Offer[], base: string, handle: string): AgentInterface[] {
  return offers.map((offer) => {
    const face = { protocolBinding: offer.binding, protocolVersion: offer.version }
    if ('url' in offer) return create(AgentInterfaceSchema, { ...face, url: offer.url, tenant: handle })
    if (offer.binding === 'GRPC') return create(AgentInterfaceSchema, { ...face, url: authorityOf(base), tenant: handle })
    return create(AgentInterfaceSchema, { ...face, url: `${base}/agents/${handle}/${offer.binding === 'JSONRPC' ? 'jsonrpc' : 'rest'}` })
  })
}

/** host:port; gRPC addresses have no scheme that would say the port. */
function authorityOf(base: string): string {
  const { host, port, protocol } = new URL(base)
  return port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host
}
