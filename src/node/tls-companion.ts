import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { generateP256, readP256 } from '../adapters/system/p256.ts'
import { sameBytes } from '../core/pki/facts.ts'
import type { Log } from '../ports/log.ts'
import type { Renewed } from '../roles/member/renewed.ts'
import { HansaError } from '../schema/errors.ts'
import { parseCertificate } from '../wire/x509/certificate.ts'
import { makeCsr } from '../wire/x509/csr.ts'
import { OIDS } from '../wire/x509/oids.ts'
import { decodePem, encodePem } from '../wire/x509/pem.ts'
import type { Home } from './home/open-home.ts'
import { readSecretFile } from './home/secret-file.ts'
import { PRIVATE, writeFileAtomic } from './home/write-file.ts'

/** A second certificate of a node with the same SPIFFE ID, for a P-256 key: browsers and old TLS clients do not know Ed25519 (RFC 8410). */
export interface TlsCompanion extends Omit<Renewed, 'what'> {
  /** PKCS#8 PEM. */
  readonly key: string
}

/** Nodes that serve TLS with a certificate of the network have one. Throws KEY_MISSING, KEY_EXPOSED. */
export async function openCompanion({ config, paths }: Home, log: Log): Promise<TlsCompanion | undefined> {
  if (!config.roles.some((role) => role === 'agw' || role === 'aca') || config.gateway.tls.certificate !== undefined) return undefined
  if (!existsSync(paths.tlsKey)) await writeFileAtomic(paths.tlsKey, generateP256(), PRIVATE)
  const key = await readSecretFile(paths.tlsKey, 'the P-256 key for TLS clients')
  const signer = readP256(key)

  function goesWithKey([leaf]: readonly Uint8Array[]): boolean {
    return leaf !== undefined && sameBytes(parseCertificate(leaf).spki, signer.publicKey)
  }

  /** What is unreadable, or of another key, is asked for anew. */
  async function saved(): Promise<readonly Uint8Array[]> {
    if (!existsSync(paths.tlsChain)) return []
    try {
      const found = decodePem('CERTIFICATE', await readFile(paths.tlsChain, 'utf8'))
      return goesWithKey(found) ? found : []
    } catch (error) {
      log.warn({ err: error, file: paths.tlsChain }, 'the certificate for TLS clients cannot be read; another is asked for')
      return []
    }
  }

  let chain = await saved()
  return {
    key,
    chain: () => chain,
    csr: () => makeCsr(signer, OIDS.ecdsaWithSha256),
    async take(next) {
      if (!goesWithKey(next)) throw new HansaError('CERTIFICATE_INVALID', 'the ACA answered with a certificate for another key')
      await writeFileAtomic(paths.tlsChain, next.map((each) => encodePem('CERTIFICATE', each)).join(''))
      chain = next
    }
  }
}
