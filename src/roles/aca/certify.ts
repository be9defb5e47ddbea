import { hex } from '../../core/ids/hex.ts'
import { verifyChain } from '../../core/pki/chain.ts'
import type { Issued } from '../../core/pki/issued.ts'
import type { Profile } from '../../core/pki/profile.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import type { Book } from './book.ts'

/** How a certificate came to be. */
export type History = Pick<Issued, 'application' | 'replaces' | 'companionOf' | 'account'> & {
  /** SHA-256 of the application that it is issued for. */
  readonly evidence?: Uint8Array
}

/**
 * Has a certificate signed and judges it as every receiver will, before it leaves: what we would refuse, we do not issue. Throws INTERNAL when it is not
 * what was asked for.
 */
export async function certify(
  profile: Profile,
  name: string,
  { deps, cas }: Pick<Book, 'deps' | 'cas'>,
  { evidence, ...history }: History = {}
): Promise<{ issued: Issued; chain: Uint8Array[] }> {
  const { issuer, clock } = deps
  const serial = deps.random(16)
  // Positive and of full length, whoever writes it: the first bit is the sign, a zero byte at the head would be cut.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const pointers = deps.pointers?.()
  const leaf = await issuer.issue({
    serial,
    ...profile,
    ...(pointers === undefined ? {} : { pointers }),
    ...(evidence === undefined ? {} : { evidence })
  })
  const chain = [leaf, ...issuer.chain]
  const certificates = [parseCertificate(leaf), ...issuer.chain.map((der) => cas.read(der).certificate)]
  const verdict = verifyChain(certificates, clock.now(), cas.verify)
  if (!verdict.ok) throw new HansaError('INTERNAL', `a certificate was signed that nobody would believe: ${verdict.message}`, { reason: verdict.reason })
  const { identity } = verdict
  const wanted = [hex(serial), profile.spiffeId, profile.roles.join()]
  if ([identity.serial, identity.spiffeId, identity.roles.join()].join(' ') !== wanted.join(' '))
    throw new HansaError('INTERNAL', 'another certificate was signed than was asked for')
  const { publicKey, ...rest } = profile
  const [issuing] = issuer.signers
  return {
    issued: { serial: identity.serial, name, ...rest, ...history, peer: identity.peer, keyId: hex(deps.sha256(publicKey)), issuer: issuing?.id ?? '' },
    chain
  }
}
