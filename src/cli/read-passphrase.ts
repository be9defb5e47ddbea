import { readSecretFile } from '../node/home/secret-file.ts'
import { HansaError } from '../schema/errors.ts'
import type { CliContext } from './context.ts'
import { readSecret } from './read-secret.ts'

/** Variable that names a file with the passphrase; never the passphrase itself, which every process of the user could read. */
const VARIABLE = 'HANSA_ROOT_PASSPHRASE_FILE'

/**
 * The passphrase of a root key: the first line of a file that only its owner may read, otherwise asked for on the terminal, twice when it is a new one. Throws ROOT_SEALED
 * where there is neither, KEY_EXPOSED, KEY_MISSING, INVALID_ARGUMENT.
 */
export async function readPassphrase(context: CliContext, file: string | undefined, fresh: boolean): Promise<string> {
  const named = file ?? context.env[VARIABLE]
  if (named !== undefined && named !== '') {
    const [line = ''] = (await readSecretFile(named, 'the passphrase of the root key')).split(/\r?\n/, 1)
    return line
  }
  if (context.stdin.isTTY !== true)
    throw new HansaError('ROOT_SEALED', `there is no terminal to ask for the passphrase on; name a file that holds it: --passphrase-file or ${VARIABLE}`)
  const passphrase = await readSecret(context, fresh ? 'New passphrase of the root key: ' : 'Passphrase of the root key: ', false)
  if (fresh && (await readSecret(context, 'Once more: ', false)) !== passphrase)
    throw new HansaError('INVALID_ARGUMENT', 'the two passphrases differ', { argument: 'passphrase' })
  return passphrase
}
