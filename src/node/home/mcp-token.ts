import { randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from './home-paths.ts'
import { readSecretFile } from './secret-file.ts'
import { PRIVATE, writeFileAtomic } from './write-file.ts'

/**
 * The token of the home's MCP door, made on first use. Never the admin token: whoever may call agents may not therefore revoke certificates.
 * Throws HOME_MISSING, KEY_MISSING, KEY_EXPOSED.
 */
export async function openMcpToken(paths: HomePaths): Promise<string> {
  if (!(await exists(paths.config))) throw new HansaError('HOME_MISSING', `there is no home at ${paths.dir}`)
  if (!(await exists(paths.mcpToken))) await writeFileAtomic(paths.mcpToken, randomBytes(32).toString('base64url') + '\n', PRIVATE)
  const token = (await readSecretFile(paths.mcpToken, 'the token of the MCP door')).trim()
  // 43 characters are 32 bytes in base64url: less was not written by us.
  if (token.length < 43) throw new HansaError('KEY_MISSING', `the token of the MCP door is too short: ${paths.mcpToken}`, { file: paths.mcpToken })
  return token
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
