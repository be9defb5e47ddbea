import { HansaError } from '../schema/errors.ts'
import { decodePem, encodePem } from '../wire/x509/pem.ts'
import type { Home } from './home/open-home.ts'
import { writeFileAtomic } from './home/write-file.ts'
import { issueOwn } from './own-certificate.ts'
import type { Platform } from './platform.ts'
import { acaSettings } from './role-settings.ts'

/** Writes the node's chain to its home, leaf first. */
export function saveChain({ paths }: Home, chain: readonly Uint8Array[]): Promise<void> {
  return writeFileAtomic(paths.chain, chain.map((certificate) => encodePem('CERTIFICATE', certificate)).join(''))
}

/** The chain of a home. That of the founder of a domain is made at its first start. Throws HOME_MISSING when another node has none. */
export async function openChain(home: Home, { signer, clock }: Platform): Promise<Uint8Array[]> {
  if (home.chainPem !== undefined) return decodePem('CERTIFICATE', home.chainPem)
  if (!home.config.roles.includes('aca'))
    throw new HansaError('HOME_MISSING', `the home ${home.paths.dir} has no certificate (chain.pem)`, { home: home.paths.dir })
  const chain = await issueOwn(home, signer, clock, acaSettings(home.config).lifetimes)
  await saveChain(home, chain)
  return chain
}
