import { join } from 'node:path'
import { createIssuing } from '../../adapters/x509/authority.ts'
import { caId } from '../../adapters/x509/load-issuer.ts'
import { retiredUntil } from '../../core/pki/rollover.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { changeFiles, type FileChange } from '../home/file-changes.ts'
import { caPointers, shortCaId } from '../pointers.ts'
import type { AuthorityDesk } from './authority-desk.ts'
import { NAMES } from './authority-files.ts'
import { certificateOf } from './certificate-of.ts'
import { issuedBy } from './issued-by.ts'
import { type OpenAuthority, withAuthority } from './open-authority.ts'
import { openRoot } from './root-key.ts'
import { viewAuthority } from './view.ts'

export function rolloverIssuingAt(now: () => number): AuthorityDesk['rolloverIssuing'] {
  return (home, source) =>
    withAuthority(home, async (authority) => {
      const { paths, config } = authority
      const root = await openRoot(authority, source)
      const next = createIssuing(config.domain, now(), root, caPointers(config.ca.url, caId(root.certificate)))
      await changeFiles(paths, [
        ...retire(authority, now()),
        { path: paths.aca.issuingKey, content: next.issuingKey, secret: true },
        { path: paths.aca.issuing, content: next.issuingCert }
      ])
      return viewAuthority(paths, config.domain)
    })
}

/** Puts the CA that signs now aside: it signs lists for as long as something that it has issued may be shown. */
export function retire(authority: OpenAuthority, at: number): FileChange[] {
  const { paths, files } = authority
  const { issuingCert, issuingKey, rootCert } = files.current
  const certificate = certificateOf(issuingCert)
  const id = caId(certificate)
  const ends = issuedBy(authority, id).map(({ notAfter }) => notAfter)
  const until = retiredUntil(ends, at, parseCertificate(certificate).notAfter)
  const dir = join(paths.aca.retired, shortCaId(id))
  return [
    { path: join(dir, NAMES.issuingKey), content: issuingKey, secret: true },
    { path: join(dir, NAMES.issuing), content: issuingCert },
    { path: join(dir, NAMES.root), content: rootCert },
    { path: join(dir, NAMES.retired), content: JSON.stringify({ at, until }) + '\n' }
  ]
}
