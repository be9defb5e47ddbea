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

/** The home of a node that has enrolled with an invite: complete, so that it is written only when there is a certificate. */
export function joinedHome(invite: CheckedInvite, enrolment: Enrolment, overrides: ConfigOverrides = {}): HomeContents {
  const swarm = { bootstrap: invite.bootstrap, ...(invite.swarmKey === '' ? { key: 'public' } : {}), ...overrides.swarm }
  return {
    config: renderConfig({ domain: invite.domain, name: enrolment.name, roles: sortRoles(enrolment.roles), ...overrides, swarm }),
    key: enrolment.key,
    chain: enrolment.chainPem,
    roots: { [invite.domain]: enrolment.rootPem },
    ...(invite.swarmKey === '' ? {} : { swarmKey: invite.swarmKey })
  }
}
