import { sortRoles, type Role } from '../core/ids/role.ts'
import type { CheckedInvite } from '../wire/invite.ts'
import { renderConfig } from './config/render-config.ts'
import type { HomeContents } from './home/create-home.ts'
import type { ConfigOverrides } from './host.ts'

/** What came of enrolling with an invite. */
export interface Enrolment {
  /** As in the certificate. */
  readonly name: string
  readonly roles: readonly Role[]
  /** PKCS#8 PEM of the key that the certificate is for. */
  readonly key: string
  /** Leaf first, root last. */
  readonly chainPem: string
  /** Root of the domain, checked against the fingerprint of the invite. */
  readonly rootPem: string
}

/**
 * Where a node that is only an agent listens: nobody begins at it, so any free port will do, and it stands most often on a machine where the default ports
 * have their node already.
 */
const AGENT_LISTEN = { swarm: ['/ip4/0.0.0.0/tcp/0'], admin: '127.0.0.1:0' }

/** The home of a node that has enrolled with an invite: complete, so that it is written only when there is a certificate. */
export function joinedHome(invite: CheckedInvite, enrolment: Enrolment, overrides: ConfigOverrides = {}): HomeContents {
  const roles = sortRoles(enrolment.roles)
  const onlyAgent = roles.every((role) => role === 'agent')
  const listen = onlyAgent ? { listen: AGENT_LISTEN.swarm } : {}
  const admin = onlyAgent ? { admin: { listen: AGENT_LISTEN.admin } } : {}
  const swarm = { ...listen, bootstrap: invite.bootstrap, ...(invite.swarmKey === '' ? { key: 'public' } : {}), ...overrides.swarm }
  return {
    config: renderConfig({ domain: invite.domain, name: enrolment.name, roles, ...admin, ...overrides, swarm }),
    key: enrolment.key,
    chain: enrolment.chainPem,
    roots: { [invite.domain]: enrolment.rootPem },
    ...(invite.swarmKey === '' ? {} : { swarmKey: invite.swarmKey })
  }
}
