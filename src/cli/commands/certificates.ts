import type { AdminAnswer } from '../../admin/client.ts'
import { showTime } from '../show.ts'
import { renderTable } from '../table.ts'

export type Certificate = AdminAnswer<'ownCertificateStatus'>

/** RFC 5280 5.3.1, those that make sense for the holder of its own certificate. */
export const HOLDER_REASONS = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'] as const

export function renderCertificates(certificates: readonly Certificate[]): string[] {
  return renderTable(
    ['SERIAL', 'IDENTITY', 'ROLES', 'STATE', 'UNTIL', 'KEY', 'ISSUER', 'ORGANISATION', 'SCOPES'],
    certificates.map((found) => [
      found.serial,
      found.spiffeId,
      found.roles.join(','),
      found.reason === undefined ? found.state : `${found.state} (${found.reason})`,
      showTime(found.notAfter),
      found.key,
      found.issuer.slice(0, 12),
      found.organisation ?? '-',
      found.scopes.join(',') || '-'
    ])
  )
}

export function renderCertificate(found: Certificate): string[] {
  const rows: [string, string | undefined][] = [
    ['serial', found.serial],
    ['identity', `${found.spiffeId} (${found.roles.join(', ')})`],
    ['organisation', found.organisation],
    ['scopes', found.scopes.join(', ') || 'no ceiling'],
    ['DNS names', found.dnsNames.join(', ') || undefined],
    ['peer', found.peer || undefined],
    ['key', `${found.key} SHA256:${found.keyId}`],
    ['issued by', found.issuer],
    ['valid', `${showTime(found.notBefore)} until ${showTime(found.notAfter)}`],
    ['replaces', found.replaces],
    ['state', found.state],
    ['revoked', found.revokedAt === undefined ? undefined : `${showTime(found.revokedAt)}, ${found.reason ?? 'unspecified'}`],
    ['token until', found.tokenUntil === undefined ? undefined : showTime(found.tokenUntil)]
  ]
  return rows.flatMap(([key, value]) => (value === undefined ? [] : [`${key.padEnd(12)} ${value}`]))
}
