import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from './home-paths.ts'
import { readSecretFile } from './secret-file.ts'

/** A fresh Ed25519 key as PKCS#8 PEM. */
export function generateNodeKey(): string {
  return generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey
}

/** Throws KEY_MISSING when it is absent or no Ed25519 key, KEY_EXPOSED when others may read it. */
export async function readNodeKey(paths: HomePaths): Promise<KeyObject> {
  const pem = await readSecretFile(paths.key, "the node's key")
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below; the parser's own words name no file.
  }
  throw new HansaError('KEY_MISSING', `the node's key is no Ed25519 key in PKCS#8 PEM: ${paths.key}`, { file: paths.key })
}
