import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from './home-paths.ts'
import { readSecretFile } from './secret-file.ts'

/** Throws KEY_MISSING, KEY_EXPOSED. */
export async function readAdminToken(paths: HomePaths): Promise<string> {
  const token = (await readSecretFile(paths.adminToken, 'the token of the admin server')).trim()
  // 43 characters are 32 bytes in base64url: less was not written by us.
  if (token.length < 43) throw new HansaError('KEY_MISSING', `the token of the admin server is too short: ${paths.adminToken}`, { file: paths.adminToken })
  return token
}
