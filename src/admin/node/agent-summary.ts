import type { Address, AgentRecord, AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { AgentSummary } from '../types.ts'
import { statusName } from './statuses.ts'

/** A record as the admin API shows it. */
export function summaryOf(record: AgentRecord, status: AgentStatus, more: { readonly score?: number; readonly address?: Address } = {}): AgentSummary {
  const { handle, resourceId, spiffeId, domain, name, description, capabilities, languages, protocols, streaming, ars } = record
  return {
    ...{ handle, resourceId, spiffeId, domain, name, description, capabilities, languages, protocols, streaming, ars },
    skills: record.skills.map(({ id, capabilities: under, inputs, outputs }) => ({ id, capabilities: under, inputs, outputs })),
    extensions: record.extensions,
    status: statusName(status),
    sequence: Number(record.sequence),
    issuedAt: Number(record.issuedAt),
    expiresAt: Number(record.expiresAt),
    ...(more.score === undefined ? {} : { score: more.score }),
    ...(more.address?.node === undefined ? {} : { address: addressOf(more.address, more.address.node) })
  }
}

function addressOf({ gateway, url }: Address, node: NonNullable<Address['node']>): NonNullable<AgentSummary['address']> {
  return { gateway, spiffeId: node.spiffeId, peer: node.peerId, addresses: node.multiaddrs, ...(url === '' ? {} : { url }) }
}
