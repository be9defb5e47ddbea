import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AddressSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'

export interface AddressInput {
  readonly handle: string
  /** Domain of the agent. */
  readonly domain: string
  /** Domain of whoever asks. */
  readonly asker: string
  /** The agent's own node; known within its domain only. */
  readonly agent?: NodeInfo
  /** Gateways of the agent's domain. */
  readonly gateways: readonly NodeInfo[]
  /** SPIFFE ID of the gateway that the agent is attached to, when it is known. */
  readonly attachedTo?: string
  /** Whether agents of one domain talk directly or through a gateway (draft 3.3). */
  readonly intraDomain: 'direct' | 'gateway'
}

/**
 * Where to send messages for an agent: for an agent of another domain always a gateway of that domain, never the agent's own address (draft 3.2.3). Undefined when
 * none is known.
 */
export function addressOf(input: AddressInput): MessageInitShape<typeof AddressSchema> | undefined {
  const { domain, asker, agent, gateways, attachedTo, intraDomain } = input
  const gateway = gateways.find((node) => node.spiffeId === attachedTo) ?? gateways[0]
  const direct = domain === asker && agent !== undefined && agent.multiaddrs.length > 0
  if (direct && (intraDomain === 'direct' || gateway === undefined)) return { node: agent, url: '', gateway: false }
  if (gateway === undefined) return undefined
  return { node: gateway, url: gateway.ingress === '' ? '' : `${gateway.ingress}/agents/${input.handle}/jsonrpc`, gateway: true }
}
