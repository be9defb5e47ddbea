import { HansaError } from '../../schema/errors.ts'

/** The version of A2A that the network speaks; on the wire it is major and minor only (A2A 3.6). */
export const A2A_VERSION = '1.0'

/** Versions that are spoken at the doors. */
export type A2aVersion = '1.0' | '0.3'

/** The version that a client speaks. None or an empty one means 0.3 (A2A 3.6.2). Throws VERSION_NOT_SUPPORTED. */
export function a2aVersionOf(sent: string | undefined): A2aVersion {
  const version = sent === undefined || sent.trim() === '' ? '0.3' : sent.trim()
  if (version === A2A_VERSION) return version
  // Clients of 0.3 wrote the patch too.
  if (/^0\.3(\.\d{1,4})?$/.test(version)) return '0.3'
  throw new HansaError('VERSION_NOT_SUPPORTED', `A2A ${JSON.stringify(version.slice(0, 20))} is not spoken here; 1.0 and 0.3 are`, { supported: '1.0, 0.3' })
}

/** As `a2aVersionOf`, where the address has said the version already: the client must not say another. Throws VERSION_NOT_SUPPORTED. */
export function checkVersion(sent: string | undefined, spoken: A2aVersion): void {
  const version = a2aVersionOf(sent)
  if (version !== spoken)
    throw new HansaError('VERSION_NOT_SUPPORTED', `A2A ${spoken} is spoken here, not ${version} (a call without A2A-Version speaks 0.3)`, { supported: spoken })
}
