import { create, type MessageInitShape } from '@bufbuild/protobuf'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { RELAY_BINDING } from '../../wire/relay-binding.ts'

/** The card of an agent in this process, with what A2A wants of every card filled in. */
export function fullCard(card: MessageInitShape<typeof a2a.AgentCardSchema>): a2a.AgentCard {
  const full = create(a2a.AgentCardSchema, card)
  if (full.version === '') full.version = '1.0.0'
  full.capabilities ??= create(a2a.AgentCapabilitiesSchema, { streaming: true })
  // The URL is never dialled: the gateway puts its own in front; A2A wants one all the same.
  if (full.supportedInterfaces.length === 0)
    full.supportedInterfaces.push(create(a2a.AgentInterfaceSchema, { url: 'hansa:relay', protocolBinding: RELAY_BINDING, protocolVersion: '1.0' }))
  if (full.defaultInputModes.length === 0) full.defaultInputModes = ['text/plain']
  if (full.defaultOutputModes.length === 0) full.defaultOutputModes = ['text/plain']
  return full
}
