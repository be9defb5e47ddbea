import { formatResourceId, parseAgent } from '../core/ids/agent-id.ts'
import { parseSpiffeId } from '../core/ids/spiffe-id.ts'
import type { Role } from '../core/ids/role.ts'
import type { Target } from '../ports/rpc.ts'
import { HansaError } from '../schema/errors.ts'
import type { Hit } from '../schema/generated/hansa/v1/directory_pb.ts'
import type { CertificateStatusResponse } from '../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../wire/methods.ts'
import { encodePem } from '../wire/x509/pem.ts'
import { createSigner, seedToPem } from '../adapters/system/crypto.ts'
import { fingerprint, parseFingerprint } from './fingerprint.ts'
import type { DeskDeps } from './desk-deps.ts'
import { writeNextKey } from './home/next-key.ts'
import { generateSeed } from './home/node-key.ts'
import { createInvites, type Invites } from './invites.ts'
import { type OwnCertificate, ownView } from './own-view.ts'
import { tokenEnd } from './status-token.ts'

/** What an operator asks of a node beyond what its roles offer: invites, its own certificate, and questions to the servers of its domain. */
export interface Desk extends Invites {
  /** Roots of all listed domains, own first. */
  roots(): { readonly domain: string; readonly own: boolean; readonly roots: readonly { readonly sha256: string; readonly pem: string }[] }[]
  ownCertificate(): OwnCertificate
  /** What the ACA of the domain says of the own certificate (draft 3.1.2). */
  certificateStatus(): Promise<CertificateStatusResponse & { readonly tokenUntil?: number }>
  /** draft 3.1.2: a certificate for a new key, which the home keeps for its next start. Throws as Member.rekey. */
  rekey(): Promise<OwnCertificate>
  /** Registrations of the own domain, from any of its servers. */
  agents(): Promise<readonly Hit[]>
  /**
   * Ends a registration of the own domain. At the agent's own node the agent takes itself off; at a server or the ACA the operator ends it for good: the same key is not
   * registered again, a new invite (`--replace`) gives another.
   */
  deregister(agent: string): Promise<{ readonly resourceId: string }>
  pem(label: 'X509 CRL' | 'CERTIFICATE', der: Uint8Array): string
  /** Hex SHA-256 of what people type as SHA256:... */
  rootHash(text: string): string
}

export function createDesk(node: DeskDeps): Desk {
  const { identities, home, member, rpc, records } = node
  const { domain } = home.config

  function server(role: Role): Target {
    const [info] = member.find(role)
    if (info === undefined) throw new HansaError('PEER_UNREACHABLE', `no node of ${domain} with the role ${role} is known here`)
    return { peer: info.peerId, addresses: info.multiaddrs, expect: { domain, role } }
  }

  return {
    ...createInvites(node),
    roots: () =>
      identities.bundles().map((bundle) => ({
        domain: bundle.domain,
        own: bundle.domain === domain,
        roots: bundle.roots.map((root) => ({ sha256: fingerprint(root), pem: encodePem('CERTIFICATE', root) }))
      })),
    ownCertificate: () => ownView(identities.self(), identities.chain()),
    async certificateStatus() {
      const standing = await rpc.call(server('aca'), methods.certificateStatus, { serial: '' })
      return { ...standing, ...tokenEnd(standing, records) }
    },
    async rekey() {
      const replaced = ownView(identities.self(), identities.chain())
      const seed = generateSeed()
      const next = createSigner(seed)
      const chain = await member.rekey(next)
      // Before it is written: a chain that this node would not believe must not take the place of one that works.
      const view = ownView(identities.verify(next.peer, chain), chain)
      await writeNextKey(home.paths, {
        key: seedToPem(seed),
        chain: view.chainPem,
        notAfter: view.notAfter,
        replaces: replaced.serial,
        until: replaced.notAfter
      })
      return view
    },
    agents: async () => (await rpc.call(server('ars'), methods.listAgents, {})).agents,
    async deregister(agent) {
      const resourceId = formatResourceId(parseAgent(agent, domain))
      // Of its own agent a node speaks as the agent, which may come back; of others as the operator, which is for good.
      if (node.agent !== undefined && formatResourceId(parseSpiffeId(identities.self()?.spiffeId ?? '')) === resourceId) await node.agent.deregister()
      else if (node.ars !== undefined) await node.ars.deregister(agent)
      else await rpc.call(server('ars'), methods.deregister, { resourceId })
      return { resourceId }
    },
    pem: encodePem,
    rootHash: (text) => Buffer.from(parseFingerprint(text)).toString('hex')
  }
}
