import { readFile } from 'node:fs/promises'
import { seedToPem } from '../adapters/system/crypto.ts'
import type { Identities } from '../ports/identity.ts'
import { HansaError } from '../schema/errors.ts'
import { encodePem } from '../wire/x509/pem.ts'
import type { Home } from './home/open-home.ts'

/**
 * What TLS clients are shown: the operator's own certificate where the config names one, otherwise that of the node, whatever it is at the time. Throws CONFIG_INVALID for a
 * file that cannot be read.
 */
export async function certificateOf(home: Home, identities: Identities): Promise<() => { readonly chain: string; readonly key: string } | undefined> {
  const { certificate, key } = home.config.gateway.tls
  if (certificate !== undefined && key !== undefined) {
    const own = { chain: await read(home.resolve(certificate)), key: await read(home.resolve(key)) }
    return () => own
  }
  const ownKey = seedToPem(home.seed)
  let shown: { readonly of: readonly Uint8Array[]; readonly chain: string; readonly key: string } | undefined
  return () => {
    const chain = identities.chain()
    if (chain.length === 0) return undefined
    // The root stays out: who trusts it has it.
    if (shown?.of !== chain)
      shown = {
        of: chain,
        key: ownKey,
        chain: chain
          .slice(0, -1)
          .map((each) => encodePem('CERTIFICATE', each))
          .join('')
      }
    return shown
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new HansaError('CONFIG_INVALID', `gateway.tls: cannot read ${file}`, { file }, cause)
  }
}
