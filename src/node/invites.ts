import { sha256 } from '../adapters/system/crypto.ts'
import type { Role } from '../core/ids/role.ts'
import type { Aca } from '../roles/aca/aca.ts'
import type { NewVoucher, VoucherRequest } from '../roles/aca/desk.ts'
import { HansaError } from '../schema/errors.ts'
import { formatInvite } from '../wire/invite.ts'
import type { DeskDeps } from './desk-deps.ts'

/** Strings that let others come in. */
export interface Invites {
  /** Throws ROLE_MISSING without the role aca. */
  invite(request: VoucherRequest): Promise<{ readonly invite: string; readonly expiresAt: number; readonly roles: readonly Role[] }>
  /** A voucher by itself, for a machine without Hansa. Throws as `invite`. */
  voucher(request: VoucherRequest): Promise<NewVoucher>
  /** For the founder of another domain. */
  swarmInvite(ttlMs: number): { readonly invite: string; readonly expiresAt: number }
  /** For whoever applies with materials: a way in, and no grant. */
  openInvite(ttlMs: number, roles: readonly Role[]): { readonly invite: string; readonly expiresAt: number }
}

/** More would make the string longer and nobody safer. */
const MAX_BOOTSTRAP = 16

export function createInvites({ aca, identities, home, network, member, clock }: DeskDeps): Invites {
  const { domain } = home.config

  function invitation(expiresAt: number) {
    const roots = [...identities.roots(domain)]
    // While two roots stand side by side, newcomers get certificates under the one that the authority uses now.
    const root = identities.chain().at(-1) ?? roots[0] ?? new Uint8Array()
    const others = member.nodes().filter(({ roles }) => roles.some((role) => role !== 'agent'))
    // This node first: where there is a voucher, it is the one that takes it.
    const bootstrap = [...network.addresses(), ...others.flatMap(({ multiaddrs }) => multiaddrs)].slice(0, MAX_BOOTSTRAP)
    return { domain, swarmKey: home.swarmKey ?? '', bootstrap, rootSha256: sha256(root), roots, expiresAt: BigInt(expiresAt) }
  }

  function authority(): Aca {
    if (aca === undefined) throw new HansaError('ROLE_MISSING', 'vouchers are made by the ACA of the domain', { role: 'aca' })
    return aca
  }

  return {
    async invite(request) {
      const { voucher, name, roles, expiresAt } = await authority().createVoucher(request)
      return { invite: formatInvite({ ...invitation(expiresAt), roles: [...roles], name, voucher }), expiresAt, roles }
    },
    voucher: async (request) => authority().createVoucher(request),
    swarmInvite(ttlMs) {
      const expiresAt = clock.now() + ttlMs
      return { invite: formatInvite(invitation(expiresAt)), expiresAt }
    },
    openInvite(ttlMs, roles) {
      const expiresAt = clock.now() + ttlMs
      return { invite: formatInvite({ ...invitation(expiresAt), roles: [...roles] }), expiresAt }
    }
  }
}
