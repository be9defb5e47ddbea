import { namesAgree } from '../../core/pki/csr-names.ts'
import type { Evidence } from '../../core/pki/evidence.ts'
import type { Issued } from '../../core/pki/issued.ts'
import { type Profile, leafProfile } from '../../core/pki/profile.ts'
import type { Reviewed } from '../../core/pki/review.ts'
import type { Book } from './book.ts'
import { certify, type History } from './certify.ts'

/** What will be in the certificate of a reviewed request. Throws CSR_INVALID when the request has names that are not among them. */
export function profileOf({ deps, config, cas }: Book, { grant }: Pick<Reviewed, 'grant'>, evidence: Evidence): Profile {
  const { domain, chain } = deps.issuer
  const issuerNotAfter = Math.min(...chain.map((der) => cas.read(der).certificate.notAfter))
  const profile = leafProfile({ ...grant, domain }, evidence.csr.spki, evidence.now, config.lifetimes, issuerNotAfter)
  const disagreement = namesAgree(evidence.csr, { ...grant, ...profile, domain })
  if (disagreement !== undefined) throw disagreement.error
  return profile
}

/** Signs what has been reviewed. The caller writes it down and commits before anybody sees it. */
export function signReviewed(book: Book, review: Reviewed, evidence: Evidence, history: History): Promise<{ issued: Issued; chain: Uint8Array[] }> {
  const { replaces, companionOf } = review
  const all: History = { ...(replaces === undefined ? {} : { replaces }), ...(companionOf === undefined ? {} : { companionOf }), ...history }
  return certify(profileOf(book, review, evidence), review.grant.name, book, all)
}

/** The chain of a certificate that has been issued before, leaf first. */
export function chainOf({ deps }: Book, leaf: Uint8Array, issuer: string): Uint8Array[] {
  return [leaf, ...(deps.issuer.signers.find(({ id }) => id === issuer)?.chain ?? deps.issuer.chain)]
}
