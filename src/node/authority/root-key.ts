import { X509Certificate } from 'node:crypto'
import { isSealed, openKey } from '../../adapters/x509/sealed-key.ts'
import type { Root } from '../../adapters/x509/authority.ts'
import { HansaError } from '../../schema/errors.ts'
import { readSecretFile } from '../home/secret-file.ts'
import { inHome } from '../home/home-paths.ts'
import type { RootKeySource } from './authority-desk.ts'
import { certificateOf } from './certificate-of.ts'
import type { OpenAuthority } from './open-authority.ts'

/** The root with its key, from the home or from where it is kept. Throws KEY_MISSING, KEY_EXPOSED, ROOT_SEALED. */
export async function openRoot({ paths, files }: Pick<OpenAuthority, 'paths' | 'files'>, source: RootKeySource): Promise<Root> {
  const file = source.rootKey === undefined ? paths.aca.rootKey : inHome({ ...paths, dir: process.cwd() }, source.rootKey)
  const text = await readSecretFile(file, 'the key of the root').catch((error: unknown) => {
    if (source.rootKey !== undefined || !(error instanceof HansaError) || error.code !== 'KEY_MISSING') throw error
    throw new HansaError('ROOT_SEALED', `the key of the root is not in the home (${file}); say where it is: --root-key FILE`, {}, error)
  })
  const key = openKey(text, isSealed(text) ? await source.passphrase?.() : undefined)
  const certificate = certificateOf(files.current.rootCert)
  if (!new X509Certificate(certificate).checkPrivateKey(key)) throw new HansaError('KEY_MISSING', `the key in ${file} is not that of the root`, { file })
  return { key, certificate }
}
