import { join } from 'node:path'
import { caId } from '../../adapters/x509/load-issuer.ts'
import { HansaError } from '../../schema/errors.ts'
import { changeFiles, type FileChange } from '../home/file-changes.ts'
import type { AuthorityDesk } from './authority-desk.ts'
import { NAMES, type RetiredCa } from './authority-files.ts'
import { certificateOf } from './certificate-of.ts'
import { issuedBy } from './issued-by.ts'
import { type OpenAuthority, withAuthority } from './open-authority.ts'
import { trusted } from './rollover-root.ts'
import { viewAuthority } from './view.ts'

export function finishRolloverAt(now: () => number): AuthorityDesk['finish'] {
  return (home, atOnce) =>
    withAuthority(home, async (authority) => {
      const { paths, config, files } = authority
      const { previous, retired } = files
      const under = retired.filter(({ rootCert }) => rootCert === previous?.rootCert)
      if (previous !== undefined && !atOnce) refuseInForce(authority, under, now())
      // Lists of these are wanted by nobody any more.
      const over = retired.filter((ca) => under.includes(ca) || now() > ca.until)
      if (previous === undefined && over.length === 0)
        throw new HansaError('NOT_FOUND', 'there is nothing to finish: no previous root, and every retired issuing CA still signs lists')
      await changeFiles(paths, [
        ...(previous === undefined ? [] : [...removal(paths.aca.previous), { path: paths.aca.rollover }, trusted(authority, files.current.rootCert)]),
        ...over.flatMap(({ name }) => removal(join(paths.aca.retired, name)))
      ])
      return viewAuthority(paths, config.domain)
    })
}

function refuseInForce(authority: OpenAuthority, cas: readonly RetiredCa[], now: number): void {
  const live = cas
    .flatMap(({ issuingCert }) => issuedBy(authority, caId(certificateOf(issuingCert))))
    .filter(({ revokedAt, notAfter }) => revokedAt === undefined && now <= notAfter)
  if (live.length === 0) return
  const last = new Date(Math.max(...live.map(({ notAfter }) => notAfter))).toISOString()
  throw new HansaError(
    'INVALID_ARGUMENT',
    `${live.length} certificates under the previous root are in force, the last until ${last}; wait until they are renewed, or say --now`
  )
}

function removal(dir: string): FileChange[] {
  return Object.values(NAMES).map((name) => ({ path: join(dir, name) }))
}
