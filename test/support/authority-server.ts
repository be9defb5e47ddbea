import { createIngress } from '../../src/adapters/http/ingress.ts'
import { createPort } from '../../src/adapters/ingress/port.ts'
import { seedToPem } from '../../src/adapters/system/crypto.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { PeerIdentity } from '../../src/ports/identity.ts'
import type { Log } from '../../src/ports/log.ts'
import type { Store } from '../../src/ports/store.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { encodePem } from '../../src/wire/x509/pem.ts'
import { FakeDoor } from '../integration/http/fake-door.ts'
import type { FakeAuthority } from './fake-authority.ts'
import type { TestDomain } from './pki.ts'

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }

export interface AuthorityServer {
  /** Port of 127.0.0.1, plain and TLS. */
  readonly port: number
  readonly rootPem: string
  stop(): Promise<void>
}

/** The foreign doors of an ACA behind the one port, with the certificate of a node aca1 of its domain. */
export async function authorityServer(
  domain: TestDomain,
  door: FakeAuthority,
  { clock, store, est = true, acme = true }: { readonly clock: Clock; readonly store: Store; readonly est?: boolean; readonly acme?: boolean }
): Promise<AuthorityServer> {
  const self = await domain.leaf({ name: 'aca1', role: 'aca', dnsName: `aca1.${domain.domain}` })
  let address = ''
  const http = createIngress({
    ...{ door: new FakeDoor(), clock, log, version: '0.1.0', offers: [], signer: () => undefined, drainMs: 0 },
    self: () => ({ spiffeId: self.spiffeId, domain: domain.domain }),
    identify: () => ({ spiffeId: self.spiffeId }),
    base: () => address,
    authority: { door, store, est, acme }
  })
  const port = createPort({
    ...{ clock, log, listen: '127.0.0.1:0', check: () => undefined },
    acceptors: { http1: (socket, client) => http.accept(socket, client) },
    tls: {
      certificate: () => ({ chain: self.chain.slice(0, 2).map(pemOf).join(''), key: seedToPem(self.seed) }),
      known: () => [domain.issuing, domain.root],
      verify: ([leaf]) => identityOf(leaf, domain.domain, door)
    }
  })
  await http.start()
  address = await port.start()
  return {
    port: Number(new URL(address).port),
    rootPem: pemOf(domain.root),
    async stop() {
      await port.refuse()
      await http.stop()
      port.close()
    }
  }
}

function identityOf(leaf: Uint8Array | undefined, domain: string, door: FakeAuthority): PeerIdentity {
  const { serial, notAfter } = parseCertificate(leaf ?? new Uint8Array())
  const { state, spiffeId = '' } = door.standing(serial)
  if (state !== 'good') throw new HansaError('CERTIFICATE_INVALID', 'not believed')
  const name = spiffeId.split('/').at(-1) ?? ''
  return { peer: '', spiffeId, domain, name, roles: ['agent'], serial, notAfter, own: true }
}

function pemOf(der: Uint8Array): string {
  return encodePem('CERTIFICATE', der)
}
