import { serialNumber } from '../adapters/x509/authority.ts'
import { loadIssuer } from '../adapters/x509/load-issuer.ts'
import { leafProfile, type Lifetimes } from '../core/pki/profile.ts'
import type { Clock } from '../ports/clock.ts'
import type { Issuer, Pointers } from '../ports/issuer.ts'
import type { Signer } from '../ports/signer.ts'
import { parseCertificate } from '../wire/x509/certificate.ts'
import { issuerFiles, readAuthority } from './authority/authority-files.ts'
import type { Home } from './home/open-home.ts'
import { leafPointers } from './pointers.ts'

/** The CAs of a home with the role aca. Throws KEY_MISSING, KEY_EXPOSED. */
export async function issuerOf({ paths, config }: Pick<Home, 'paths' | 'config'>, now: number): Promise<Issuer> {
  return loadIssuer(config.domain, issuerFiles(await readAuthority(paths), now))
}

/** What the ACA role signs with, and the addresses that stand in certificates: those of `ca.url`, otherwise of the node's own door once it listens. */
export async function authorityOf(
  home: Home,
  now: number,
  door: () => string | undefined
): Promise<{ readonly issuer: Issuer; pointers(): Pointers | undefined }> {
  const issuer = await issuerOf(home, now)
  const [signer] = issuer.signers
  return { issuer, pointers: () => leafPointers(home.config.ca.url ?? door(), signer?.id ?? '') }
}

/** The first certificate of the node that founded the domain: nobody else could issue it. The ACA role lists it like any other. */
export async function issueOwn(home: Home, signer: Signer, clock: Clock, lifetimes: Lifetimes): Promise<Uint8Array[]> {
  const issuer = await issuerOf(home, clock.now())
  const { domain, name, roles } = home.config
  const notAfter = Math.min(...issuer.chain.map((der) => parseCertificate(der).notAfter))
  const leaf = await issuer.issue({
    serial: serialNumber(),
    ...leafProfile({ domain, name, roles }, signer.publicKey, clock.now(), lifetimes, notAfter)
  })
  return [leaf, ...issuer.chain]
}
