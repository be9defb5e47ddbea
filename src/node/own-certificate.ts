import { readFile } from 'node:fs/promises'
import { serialNumber } from '../adapters/x509/authority.ts'
import { loadIssuer } from '../adapters/x509/load-issuer.ts'
import { leafProfile, type Lifetimes } from '../core/pki/profile.ts'
import type { Clock } from '../ports/clock.ts'
import type { Issuer, Pointers } from '../ports/issuer.ts'
import type { Signer } from '../ports/signer.ts'
import { parseCertificate } from '../wire/x509/certificate.ts'
import type { Home } from './home/open-home.ts'
import { leafPointers } from './pointers.ts'

/** The issuing CA of a home with the role aca. Throws KEY_MISSING. */
export async function issuerOf({ paths, config }: Home): Promise<Issuer> {
  const [rootCert, issuingKey, issuingCert] = await Promise.all([paths.aca.root, paths.aca.issuingKey, paths.aca.issuing].map((file) => readFile(file, 'utf8')))
  return loadIssuer(config.domain, { rootCert: rootCert ?? '', issuingKey: issuingKey ?? '', issuingCert: issuingCert ?? '' })
}

/** What the ACA role signs with, and the addresses that stand in certificates: those of `ca.url`, otherwise of the node's own door once it listens. */
export async function authorityOf(home: Home, door: () => string | undefined): Promise<{ readonly issuer: Issuer; pointers(): Pointers | undefined }> {
  const issuer = await issuerOf(home)
  const [signer] = issuer.signers
  return { issuer, pointers: () => leafPointers(home.config.ca.url ?? door(), signer?.id ?? '') }
}

/** The first certificate of the node that founded the domain: nobody else could issue it. The ACA role lists it like any other. */
export async function issueOwn(home: Home, signer: Signer, clock: Clock, lifetimes: Lifetimes): Promise<Uint8Array[]> {
  const issuer = await issuerOf(home)
  const { domain, name, roles } = home.config
  const notAfter = Math.min(...issuer.chain.map((der) => parseCertificate(der).notAfter))
  const leaf = await issuer.issue({
    serial: serialNumber(),
    ...leafProfile({ domain, name, roles }, signer.publicKey, clock.now(), lifetimes, notAfter)
  })
  return [leaf, ...issuer.chain]
}
