import { sameBytes } from '../core/pki/facts.ts'
import { HansaError } from '../schema/errors.ts'
import { decodePem, encodePem } from '../wire/x509/pem.ts'
import type { Home } from './home/open-home.ts'
import { writeFileAtomic } from './home/write-file.ts'
import { issueOwn, issuerOf } from './own-certificate.ts'
import type { Platform } from './platform.ts'
import { acaSettings } from './role-settings.ts'

/** Writes the node's chain to its home, leaf first. */
export function saveChain({ paths }: Home, chain: readonly Uint8Array[]): Promise<void> {
  return writeFileAtomic(paths.chain, chain.map((certificate) => encodePem('CERTIFICATE', certificate)).join(''))
}

/**
 * The chain of a home. That of the founder of a domain is made at its first start, and again when another issuing CA signs now: the ACA is the first to show it. Throws
 * HOME_MISSING when another node has none.
 */
export async function openChain(home: Home, { signer, clock }: Platform): Promise<Uint8Array[]> {
  const held = home.chainPem === undefined ? undefined : decodePem('CERTIFICATE', home.chainPem)
  if (!home.config.roles.includes('aca')) {
    if (held !== undefined) return held
    throw new HansaError('HOME_MISSING', `the home ${home.paths.dir} has no certificate (chain.pem)`, { home: home.paths.dir })
  }
  if (held !== undefined && (await isCurrent(held, home, clock.now()))) return held
  const chain = await issueOwn(home, signer, clock, acaSettings(home.config).lifetimes)
  await saveChain(home, chain)
  return chain
}

async function isCurrent([, issuing]: readonly Uint8Array[], home: Home, now: number): Promise<boolean> {
  const [own] = (await issuerOf(home, now)).chain
  return issuing !== undefined && own !== undefined && sameBytes(issuing, own)
}
