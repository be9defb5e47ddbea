import { renewalTime } from '../core/pki/renewal.ts'
import { formatResourceId, parseAgent } from '../core/ids/agent-id.ts'
import { parseSpiffeId } from '../core/ids/spiffe-id.ts'
import type { Role } from '../core/ids/role.ts'
import type { Clock } from '../ports/clock.ts'
import type { Network } from '../ports/network.ts'
import type { Rpc, Target } from '../ports/rpc.ts'
import type { Aca } from '../roles/aca/aca.ts'
import type { AgentService } from '../roles/agent/agent.ts'
import type { Ars } from '../roles/ars/ars.ts'
import type { MemberIdentities } from '../roles/member/identities.ts'
import type { Member } from '../roles/member/member.ts'
import { HansaError } from '../schema/errors.ts'
import type { Hit } from '../schema/generated/hansa/v1/directory_pb.ts'
import type { CertificateStatusResponse } from '../schema/generated/hansa/v1/trust_pb.ts'
import { formatInvite } from '../wire/invite.ts'
import { methods } from '../wire/methods.ts'
import { parseCertificate } from '../wire/x509/certificate.ts'
import { encodePem } from '../wire/x509/pem.ts'
import { fingerprint, parseFingerprint } from './fingerprint.ts'
import type { Home } from './home/open-home.ts'
import { sha256 } from '../adapters/system/crypto.ts'

/** What an operator asks of a node beyond what its roles offer: invites, and questions to the servers of its domain. */
export interface Desk {
  /** Throws ROLE_MISSING without the role aca. */
  invite(request: {
    readonly roles: readonly Role[]
    readonly name?: string
    readonly ttlMs: number
    readonly uses: number
    readonly replace: boolean
  }): Promise<{ readonly invite: string; readonly expiresAt: number; readonly roles: readonly Role[] }>
  swarmInvite(ttlMs: number): { readonly invite: string; readonly expiresAt: number }
  /** Roots of all listed domains, own first. */
  roots(): { readonly domain: string; readonly own: boolean; readonly roots: readonly { readonly sha256: string; readonly pem: string }[] }[]
  ownCertificate(): OwnCertificate
  /** What the ACA of the domain says of the own certificate (draft 3.1.2). */
  certificateStatus(): Promise<CertificateStatusResponse>
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

export interface OwnCertificate {
  readonly serial: string
  readonly spiffeId: string
  readonly roles: readonly Role[]
  readonly peer: string
  readonly notBefore: number
  readonly notAfter: number
  readonly issuer: string
  readonly chainPem: string
  readonly renewAt: number
}

/** Half of the spread: what is shown is a time, when it happens is drawn. */
const MIDDLE = 0.5

/** What the desk needs of its node; roles that the node does not have are undefined. */
export interface DeskDeps {
  readonly home: Home
  readonly identities: MemberIdentities
  readonly network: Network
  readonly member: Member
  readonly clock: Clock
  readonly rpc: Rpc
  readonly aca?: Aca
  readonly ars?: Ars
  readonly agent?: AgentService
}

export function createDesk(node: DeskDeps): Desk {
  const { identities, home, network, member, clock, rpc } = node
  const { domain } = home.config

  function invitation(expiresAt: number) {
    const roots = [...identities.roots(domain)]
    // While two roots stand side by side, newcomers get certificates under the one that the authority uses now.
    const root = identities.chain().at(-1) ?? roots[0] ?? new Uint8Array()
    const others = member.nodes().filter(({ roles }) => roles.some((role) => role !== 'agent'))
    // This node first: where there is a voucher, it is the one that takes it.
    const bootstrap = [...network.addresses(), ...others.flatMap(({ multiaddrs }) => multiaddrs)].slice(0, 16)
    return { domain, swarmKey: home.swarmKey ?? '', bootstrap, rootSha256: sha256(root), roots, expiresAt: BigInt(expiresAt) }
  }

  function server(role: Role): Target {
    const [info] = member.find(role)
    if (info === undefined) throw new HansaError('PEER_UNREACHABLE', `no node of ${domain} with the role ${role} is known here`)
    return { peer: info.peerId, addresses: info.multiaddrs, expect: { domain, role } }
  }

  return {
    async invite({ roles, name, ttlMs, uses, replace }) {
      if (node.aca === undefined) throw new HansaError('ROLE_MISSING', 'vouchers are made by the ACA of the domain', { role: 'aca' })
      const voucher = await node.aca.createVoucher({ roles, ttlMs, uses, replace, ...(name === undefined ? {} : { name }) })
      const invite = formatInvite({ ...invitation(voucher.expiresAt), roles: [...voucher.roles], name: voucher.name, voucher: voucher.voucher })
      return { invite, expiresAt: voucher.expiresAt, roles: voucher.roles }
    },
    swarmInvite(ttlMs) {
      const expiresAt = clock.now() + ttlMs
      return { invite: formatInvite(invitation(expiresAt)), expiresAt }
    },
    roots: () =>
      identities.bundles().map((bundle) => ({
        domain: bundle.domain,
        own: bundle.domain === domain,
        roots: bundle.roots.map((root) => ({ sha256: fingerprint(root), pem: encodePem('CERTIFICATE', root) }))
      })),
    ownCertificate() {
      const self = identities.self()
      const chain = identities.chain()
      const [leaf, issuing] = chain
      if (self === undefined || leaf === undefined || issuing === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
      const { notBefore, notAfter } = parseCertificate(leaf)
      return {
        serial: self.serial,
        spiffeId: self.spiffeId,
        roles: self.roles,
        peer: self.peer,
        notBefore,
        notAfter,
        issuer: fingerprint(issuing),
        chainPem: chain.map((each) => encodePem('CERTIFICATE', each)).join(''),
        renewAt: renewalTime(notBefore, notAfter, MIDDLE)
      }
    },
    certificateStatus: () => rpc.call(server('aca'), methods.certificateStatus, { serial: '' }),
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
