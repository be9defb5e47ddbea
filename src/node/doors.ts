import { createIngress, type Ingress } from '../adapters/http/ingress.ts'
import type { AuthorityDocuments } from '../adapters/http/authority-routes.ts'
import type { Clock } from '../ports/clock.ts'
import type { GatewayDoor } from '../ports/gateway-door.ts'
import type { Identities } from '../ports/identity.ts'
import type { Log } from '../ports/log.ts'
import type { Aca } from '../roles/aca/aca.ts'
import type { Agw } from '../roles/agw/agw.ts'
import { HansaError } from '../schema/errors.ts'
import { encodePem } from '../wire/x509/pem.ts'
import { formatListenAddress } from './config/listen-address.ts'
import type { Config } from './config/schema.ts'
import { version } from './version.ts'

/** The HTTP door of a node with the role agw or aca; nodes without them have none. */
export function openDoor(
  config: Config,
  deps: { readonly clock: Clock; readonly log: Log; readonly identities: Identities; readonly agw: Agw | undefined; readonly aca: Aca | undefined }
): Ingress | undefined {
  if (deps.agw === undefined && deps.aca === undefined) return undefined
  return createIngress({
    door: deps.agw?.door ?? NO_GATEWAY,
    clock: deps.clock,
    log: deps.log,
    self: () => deps.identities.self(),
    listen: formatListenAddress(config.gateway.listen),
    ...(config.gateway.announce === undefined ? {} : { announce: config.gateway.announce }),
    clients: config.gateway.clients,
    version,
    ...(deps.aca === undefined ? {} : { aca: documentsOf(deps.aca) })
  })
}

function documentsOf(aca: Aca): AuthorityDocuments {
  return {
    rootsPem: () =>
      aca
        .bundle()
        .roots.map((root) => encodePem('CERTIFICATE', root))
        .join(''),
    crlDer: () => aca.crl().der,
    crlPem: () => encodePem('X509 CRL', aca.crl().der)
  }
}

/** The door of an ACA that is no gateway: it shows its documents and passes nothing on. */
const NO_GATEWAY: GatewayDoor = {
  admit: () => refuse(),
  call: () => refuse(),
  card: () => Promise.reject(roleMissing()),
  notify: () => Promise.reject(roleMissing()),
  reachable: () => [],
  ready: () => true
}

function refuse(): never {
  throw roleMissing()
}

function roleMissing(): HansaError {
  return new HansaError('ROLE_MISSING', 'this node is no gateway', { role: 'agw' })
}
