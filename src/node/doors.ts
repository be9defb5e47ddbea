import { type CardSigner, signCard } from '../adapters/http/card-signature.ts'
import { createIngress } from '../adapters/http/ingress.ts'
import { interfacesOf, type Offer } from '../adapters/http/offer.ts'
import { serveCard } from '../adapters/http/served-card.ts'
import { createIdentify } from '../adapters/ingress/identify.ts'
import { createPort } from '../adapters/ingress/port.ts'
import type { Broker } from './broker-of.ts'
import type { AuthorityDoor } from '../ports/authority-door.ts'
import type { Clock } from '../ports/clock.ts'
import type { GatewayDoor } from '../ports/gateway-door.ts'
import type { Identities, PeerIdentity } from '../ports/identity.ts'
import type { Log } from '../ports/log.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import type { Aca } from '../roles/aca/aca.ts'
import type { Agw } from '../roles/agw/agw.ts'
import { HansaError } from '../schema/errors.ts'
import { MQTT_BINDING } from '../wire/binding/mqtt-topics.ts'
import { formatListenAddress } from './config/listen-address.ts'
import type { Config } from './config/schema.ts'
import { version } from './version.ts'

export interface DoorsDeps {
  readonly clock: Clock
  readonly log: Log
  /** Trust bundle of the domain, SPIFFE JSON. */
  readonly bundle: () => string | undefined
  readonly identities: Identities & { degraded(): readonly string[] }
  readonly signer: Signer
  readonly agw: Agw | undefined
  readonly aca: Aca | undefined
  readonly store: Store
  /** Where MQTT is spoken; undefined: nowhere. */
  readonly mqtt: Broker | undefined
  /** PEM of the certificate and key that TLS is served with; undefined before enrolment. */
  readonly certificate: () => { readonly chain: string; readonly key: string } | undefined
}

/** The foreign doors of a node behind its one port (CONTRACT: gateway ingress). */
export interface Doors {
  start(): Promise<void>
  stop(): Promise<void>
  /** Base URL under which clients reach this node; undefined before start. */
  readonly address: string | undefined
}

/** Doors of a node with the role agw or aca; nodes without them have none. */
export async function openDoors(config: Config, deps: DoorsDeps): Promise<Doors | undefined> {
  if (deps.agw === undefined && deps.aca === undefined) return undefined
  const { clock, log, identities } = deps
  const door = deps.agw?.door ?? NO_GATEWAY
  const check = (identity: PeerIdentity): void => identities.check(identity)
  const identify = createIdentify({ self: () => identities.self(), clients: config.gateway.clients, check })
  let address: string | undefined
  const self = (): ReturnType<Identities['self']> => identities.self()
  const cardSigner = (): CardSigner | undefined => {
    const own = self()
    return own === undefined ? undefined : { spiffeId: own.spiffeId, chain: identities.chain(), sign: (data) => deps.signer.sign(data) }
  }
  const offers = deps.mqtt === undefined || deps.agw === undefined ? OFFERS : [...OFFERS, mqttOffer(deps.mqtt)]
  const http = createIngress({
    ...{ door, clock, log, identify, self, version, offers, signer: cardSigner },
    base: () => address,
    announced: config.gateway.announce !== undefined,
    proxies: config.gateway.proxies,
    degraded: () => identities.degraded(),
    ...(deps.aca === undefined ? {} : { bundle: deps.bundle }),
    ...(deps.aca === undefined ? {} : { authority: { door: documentsOf(deps.aca), store: deps.store, est: false, acme: false } })
  })
  // Loaded only where there is a gateway: other nodes do without a second at their start.
  const grpc = deps.agw === undefined ? undefined : (await import('../adapters/grpc/grpc-door.ts')).createGrpcDoor({ door, clock, log, identify })
  const serve = (card: Uint8Array, { handle }: { readonly handle: string }): string => {
    const own = cardSigner()
    if (own === undefined || address === undefined) throw new HansaError('OVERLOADED', 'the gateway has no certificate or no address yet')
    return signCard(serveCard(card, handle, interfacesOf(offers, address, handle)), own)
  }
  const mqtt =
    deps.mqtt === undefined || deps.agw === undefined
      ? undefined
      : (await import('../adapters/mqtt/mqtt-door.ts')).createMqttDoor({ door, clock, log, identify, self, ...deps.mqtt, serve })
  const port = createPort({
    ...{ clock, log, check },
    listen: formatListenAddress(config.gateway.listen),
    acceptors: {
      http1: (socket, client) => http.accept(socket, client),
      ...(grpc === undefined ? {} : { http2: (socket, client) => grpc.accept(socket, client) }),
      ...(mqtt === undefined ? {} : { mqtt: (socket, client) => mqtt.accept(socket, client) })
    },
    tls: {
      certificate: deps.certificate,
      known: () => [...identities.chain().slice(1), ...identities.domains().flatMap((domain) => [...identities.roots(domain)])],
      verify: (chain) => identities.verifySigner(chain)
    }
  })
  identities.onChange(() => port.recheck())
  return {
    async start() {
      await http.start()
      const reached = await port.start()
      address = config.gateway.announce ?? reached
      await mqtt?.start()
    },
    async stop() {
      await port.refuse()
      await Promise.all([http.stop(), grpc?.stop(), mqtt?.stop()])
      port.close()
    },
    get address() {
      return address
    }
  }
}

/** What cards of agents name, the one that most clients take first. */
const OFFERS: readonly Offer[] = [
  { binding: 'JSONRPC', version: '1.0' },
  { binding: 'HTTP+JSON', version: '1.0' },
  { binding: 'GRPC', version: '1.0' },
  { binding: 'JSONRPC', version: '0.3' },
  { binding: 'HTTP+JSON', version: '0.3' }
]

function mqttOffer({ broker }: Broker): Offer {
  return { binding: MQTT_BINDING, version: '1.0', ...(broker === 'embedded' ? {} : { broker }) }
}

function documentsOf(aca: Aca): AuthorityDoor {
  const closed = (): never => {
    throw new HansaError('NOT_FOUND', 'this door is closed')
  }
  return {
    domain: aca.bundle().domain,
    signers: [],
    roots: () => aca.bundle().roots,
    crl: () => aca.crl().der,
    standing: (serial) => ({ serial, state: 'unknown' }),
    eabKey: () => undefined,
    accountGrant: () => undefined,
    ...{ ocsp: closed, apply: closed, renew: closed, application: closed, bindAccount: closed, revoke: closed }
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
