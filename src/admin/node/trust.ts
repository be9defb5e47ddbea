import type { HansaNode } from '../../node/hansa-node.ts'
import { HansaError } from '../../schema/errors.ts'
import type { NodeOperations } from '../operations.ts'
import type { InviteRequest } from '../trust-types.ts'
import { caDeskOperations } from './ca-desk.ts'
import { outsideAddress } from './outside-address.ts'
import { ownCertificateOperations } from './own-certificate.ts'

type Invites = Pick<NodeOperations, 'invite' | 'swarmInvite' | 'openInvite' | 'voucher' | 'roots' | 'unlist'>

/** Who may come in, whom the node believes, the ACA's desk, and this node's own certificate (draft 3.1). */
export function trustOperations(node: HansaNode) {
  return { ...inviteOperations(node), ...caDeskOperations(node), ...ownCertificateOperations(node) }
}

function inviteOperations(node: HansaNode): Invites {
  const { domain } = node.home.config
  return {
    async invite(request) {
      const made = await node.desk.invite(voucherRequest(request))
      return { invite: made.invite, domain, expiresAt: made.expiresAt, roles: [...made.roles], uses: request.uses }
    },
    swarmInvite: async ({ ttlMs }) => ({ ...node.desk.swarmInvite(ttlMs), domain, roles: [] }),
    openInvite: async ({ ttlMs, roles }) => ({ ...node.desk.openInvite(ttlMs, roles), domain, roles }),
    async voucher(request) {
      if (!node.home.config.ca[request.door])
        throw new HansaError('INVALID_ARGUMENT', `ca.${request.door} is false in the config of this node: nobody could use the voucher there`, {
          argument: 'door'
        })
      const { id, voucher: secret, eabKey, name, roles, dnsNames, uses, expiresAt } = await node.desk.voucher(voucherRequest(request))
      return { id, secret, eabKey, name, domain, roles: [...roles], dnsNames: [...dnsNames], uses, expiresAt, ...outsideAddress(node) }
    },
    roots: async () => ({ domains: node.desk.roots().map((each) => ({ ...each, roots: [...each.roots] })) }),
    async unlist({ domain: listed }) {
      if (!(await node.identities.unlist(listed))) throw new HansaError('NOT_FOUND', `${JSON.stringify(listed)} is not listed here`)
      return { domain: listed }
    }
  }
}

function voucherRequest({ roles, name, scopes, organisation, dnsNames, boundTo, ttlMs, uses, replace }: InviteRequest) {
  return {
    ...{ roles, scopes, dnsNames, ttlMs, uses, replace },
    ...(name === undefined ? {} : { name }),
    ...(organisation === undefined ? {} : { organisation }),
    ...(boundTo === undefined ? {} : { boundTo: boundTo.slice('SHA256:'.length).toLowerCase() })
  }
}
