import { HansaError } from '../../schema/errors.ts'

/** The version of A2A that the network speaks; on the wire it is major and minor only (A2A 3.6). */
export const A2A_VERSION = '1.0'

/** Checks the A2A-Version that a client sent. None or an empty one means 0.3 (A2A 3.6.2). Throws VERSION_NOT_SUPPORTED. */
export function checkVersion(sent: string | undefined): void {
  const version = sent === undefined || sent.trim() === '' ? '0.3' : sent.trim()
  if (version !== A2A_VERSION)
    throw new HansaError('VERSION_NOT_SUPPORTED', `A2A ${JSON.stringify(version.slice(0, 20))} is not spoken here; ${A2A_VERSION} is`, {
      supported: A2A_VERSION
    })
}
