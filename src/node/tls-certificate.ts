import { readFile } from 'node:fs/promises'
import { seedToPem } from '../adapters/system/crypto.ts'
import type { Identities } from '../ports/identity.ts'
import { HansaError } from '../schema/errors.ts'
import { encodePem } from '../wire/x509/pem.ts'
import type { ShownCertificate } from '../adapters/ingress/tls-door.ts'
import type { Home } from './home/open-home.ts'
import type { TlsCompanion } from './tls-companion.ts'

/**
 * What TLS clients are shown: the operator's own certificate where the config names one, otherwise those of the node, whatever they are at the time, for each kind of key
 * one. Throws CONFIG_INVALID for a file that cannot be read.
 */
export async function certificateOf(home: Home, identities: Identities, companion: TlsCompanion | undefined): Promise<() => readonly ShownCertificate[]> {
  const { certificate, key } = home.config.gateway.tls
  if (certificate !== undefined && key !== undefined) {
    const own = [{ chain: await read(home.resolve(certificate)), key: await read(home.resolve(key)) }]
    return () => own
  }
  const ownKey = seedToPem(home.seed)
  const shown = [once(() => identities.chain(), ownKey), ...(companion === undefined ? [] : [once(() => companion.chain(), companion.key)])]
  return () => shown.flatMap((each) => each() ?? [])
}

/** Written as PEM again only when it has changed. */
function once(current: () => readonly Uint8Array[], key: string): () => ShownCertificate | undefined {
  let shown: { readonly of: readonly Uint8Array[]; readonly pem: ShownCertificate } | undefined
  return () => {
    const chain = current()
    if (chain.length === 0) return undefined
    // The root stays out: who trusts it has it.
    const pem = (): string =>
      chain
        .slice(0, -1)
        .map((each) => encodePem('CERTIFICATE', each))
        .join('')
    if (shown?.of !== chain) shown = { of: chain, pem: { key, chain: pem() } }
    return shown.pem
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new HansaError('CONFIG_INVALID', `gateway.tls: cannot read ${file}`, { file }, cause)
  }
}
