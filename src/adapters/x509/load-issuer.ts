import { createPrivateKey, hash, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import type { CaSigner, Issuer } from '../../ports/issuer.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { decodePem } from '../../wire/x509/pem.ts'
import type { IssuingFiles, RootFiles } from './authority.ts'
import { signingCa, signLeaf } from './certificates.ts'

/** An issuing CA with its root, PEM. */
export interface CaFiles extends IssuingFiles {
  readonly rootCert: string
}

/** What the keys and certificates of an ACA are loaded from, PEM. */
export interface IssuerFiles extends CaFiles {
  readonly rootCrl?: string
  /** Issuing CAs that signed before this one, whose lists are still wanted. */
  readonly retired?: readonly CaFiles[]
  /** The root that takes over next, or the one that it has taken over from. */
  readonly others?: readonly (Pick<RootFiles, 'rootCert'> & Partial<RootFiles>)[]
}

/**
 * The CA keys of a domain ready to sign. No root's key is needed. Throws KEY_MISSING when a key does not go with its certificate, or a CA not with its
 * root.
 */
export function loadIssuer(domain: string, files: IssuerFiles): Issuer {
  const current = readCa(files)
  const ca = signingCa(current.issuing, current.key)
  const retired = (files.retired ?? []).map(readCa)
  const holders = [{ rootCert: files.rootCert, rootCrl: files.rootCrl }, ...(files.others ?? [])]
  return {
    domain,
    chain: current.signer.chain,
    issue: async ({ publicKey, ...contents }) => signLeaf({ ...contents, name: parseSpiffeId(contents.spiffeId).name, domain }, publicKey, ca),
    signers: [current.signer, ...retired.map(({ signer }) => signer)],
    roots: holders.map(({ rootCert }) => certificateOf(rootCert)),
    rootLists: holders.flatMap(({ rootCert, rootCrl }) =>
      rootCrl === undefined ? [] : decodePem('X509 CRL', rootCrl).map((crl) => ({ crl, chain: [certificateOf(rootCert)] }))
    )
  }
}

/** Name of a CA key: SHA-256 of its SubjectPublicKeyInfo, hex. */
export function caId(certificate: Uint8Array): string {
  return hash('sha256', parseCertificate(certificate).spki)
}

function readCa({ rootCert, issuingKey, issuingCert }: CaFiles): { readonly issuing: Uint8Array; readonly key: KeyObject; readonly signer: CaSigner } {
  const root = certificateOf(rootCert)
  const issuing = certificateOf(issuingCert)
  const key = readKey(issuingKey)
  const certificate = new X509Certificate(issuing)
  if (!certificate.checkPrivateKey(key)) throw new HansaError('KEY_MISSING', 'the issuing key does not go with the issuing certificate')
  if (!certificate.checkIssued(new X509Certificate(root))) throw new HansaError('KEY_MISSING', 'the issuing certificate is not from the root beside it')
  return { issuing, key, signer: { id: caId(issuing), chain: [issuing, root], sign: (data) => new Uint8Array(sign(null, data, key)) } }
}

function certificateOf(pem: string): Uint8Array {
  const [certificate] = decodePem('CERTIFICATE', pem)
  if (certificate === undefined) throw new HansaError('KEY_MISSING', 'a CA certificate is missing')
  return certificate
}

function readKey(text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (cause) {
    throw new HansaError('KEY_MISSING', 'the issuing key is no PKCS#8 PEM', {}, cause)
  }
}
