import { create } from '@bufbuild/protobuf'
import { parseHandle } from '../../core/ids/agent-id.ts'
import { type AgentInterface, AgentInterfaceSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { MQTT_BINDING, routedAddress } from '../../wire/binding/mqtt-topics.ts'

/** A binding that this gateway serves its agents on, for their cards. */
export type Offer =
  | { readonly binding: 'JSONRPC' | 'HTTP+JSON'; readonly version: '1.0' | '0.3' }
  | { readonly binding: 'GRPC'; readonly version: '1.0' }
  /** By the A2A-over-MQTT profile, at the gateway's own port, or at the broker of the operator. */
  | { readonly binding: typeof MQTT_BINDING; readonly version: '1.0'; readonly broker?: URL }

/** Where an agent is reached through a gateway, in the order of `offers`, which is the order of preference. `base`: URL without a slash at the end. */
export function interfacesOf(offers: readonly Offer[], base: string, handle: string): AgentInterface[] {
  return offers.map((offer) => {
    const face = { protocolBinding: offer.binding, protocolVersion: offer.version }
    if (offer.binding === MQTT_BINDING) return create(AgentInterfaceSchema, { ...face, url: mqttUrl(offer.broker ?? new URL(base), handle) })
    if (offer.binding === 'GRPC') return create(AgentInterfaceSchema, { ...face, url: authorityOf(base), tenant: handle })
    return create(AgentInterfaceSchema, { ...face, url: `${base}/agents/${handle}/${offer.binding === 'JSONRPC' ? 'jsonrpc' : 'rest'}` })
  })
}

/** As the profile has it: mqtt://host:port/{org}/{unit}/{agent}, without what only the gateway may know of its broker. */
function mqttUrl({ host, protocol }: URL, handle: string): string {
  const { org, unit, agent } = routedAddress(parseHandle(handle))
  return `${protocol === 'https:' || protocol === 'mqtts:' ? 'mqtts' : 'mqtt'}://${host}/${org}/${unit}/${agent}`
}

/** host:port; gRPC addresses have no scheme that would say the port. */
function authorityOf(base: string): string {
  const { host, port, protocol } = new URL(base)
  return port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host
}
