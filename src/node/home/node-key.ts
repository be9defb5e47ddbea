import { randomBytes } from 'node:crypto'
import { seedFromPem } from '../../adapters/system/crypto.ts'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from './home-paths.ts'
import { readSecretFile } from './secret-file.ts'

/** 32 fresh bytes: the seed of an Ed25519 key. */
export function generateSeed(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}

/** The seed of the node's key. Throws KEY_MISSING when the file is absent or holds no Ed25519 key, KEY_EXPOSED when others may read it. */
export async function readNodeSeed(paths: HomePaths): Promise<Uint8Array> {
  const pem = await readSecretFile(paths.key, "the node's key")
  try {
    return seedFromPem(pem)
  } catch (cause) {
    throw new HansaError('KEY_MISSING', `the node's key is no Ed25519 key in PKCS#8 PEM: ${paths.key}`, { file: paths.key }, cause)
  }
}
