import { open } from 'node:fs/promises'
import { HansaError } from '../../schema/errors.ts'

/** No secret of a home is longer; whatever is, is something else. */
const MAX_BYTES = 64 * 1024

/**
 * Reads a file that holds a secret.
 * @param what what it is, for messages: "the node's key"
 * @throws KEY_MISSING when it is not there; KEY_EXPOSED when anybody but its owner may read or write it
 */
export async function readSecretFile(path: string, what: string): Promise<string> {
  let file
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw new HansaError('KEY_MISSING', `cannot read ${what}: ${path}`, { file: path }, cause)
  }
  try {
    // Judged on the open file: what is checked is what is read.
    const { mode, size } = await file.stat()
    // Windows has no such modes.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new HansaError('KEY_EXPOSED', `${what} may be read or changed by other users: ${path} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}`, {
        file: path
      })
    if (size > MAX_BYTES) throw new HansaError('KEY_MISSING', `${what} is no such thing: ${path} has ${size} bytes`, { file: path })
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
