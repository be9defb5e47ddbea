// reflect-metadata must come first: @peculiar/x509 needs it while it loads.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A request for a fresh P-256 key, as TLS clients outside the network make it, DER. */
export async function p256Csr(name = '', dnsNames: readonly string[] = []): Promise<Uint8Array> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const names = dnsNames.map((value) => ({ type: 'dns' as const, value }))
  const extensions = names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: ALGORITHM, extensions })
  return new Uint8Array(csr.rawData)
}
