import type { Command } from 'commander'
import type { AdminAnswer } from '../../admin/client.ts'
import { oneOfArgument } from '../arguments.ts'
import { define, type Frame, group } from '../define.ts'
import { showTime } from '../show.ts'
import { renderTable } from '../table.ts'
import { addCaRollover } from './ca-rollover.ts'
import { addCaRoot } from './ca-root.ts'

type Certificate = AdminAnswer<'ownCertificateStatus'>

/** RFC 5280 5.3.1, those that make sense for a node of a domain. */
const REASONS = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'] as const

export function addCa(program: Command, frame: Frame): void {
  const ca = group(program, 'ca', "the desk of the domain's certificate authority")
  addCaRoot(ca, frame)
  addCaRollover(ca, frame)

  define(ca, frame, {
    name: 'list',
    summary: 'certificates issued by this authority',
    examples: ['ca list'],
    async run(session) {
      session.out.result(await (await session.admin()).call('certificates', {}), ({ certificates }) => renderCertificates(certificates))
    }
  })

  define(ca, frame, {
    name: 'show <certificate>',
    summary: 'certificates of one subject (serial, SPIFFE ID, handle or PeerId)',
    examples: ['ca show flight@north.example'],
    async run(session, [certificate = '']) {
      session.out.result(await (await session.admin()).call('certificate', { certificate }), ({ certificates }) =>
        certificates.flatMap((found, index) => [...(index > 0 ? [''] : []), ...renderCertificate(found)])
      )
    }
  })

  define(ca, frame, {
    name: 'revoke <certificate>',
    summary: 'revoke certificates (serial, SPIFFE ID, handle or PeerId); their holders are cut off everywhere',
    examples: ['ca revoke flight@north.example --reason keyCompromise'],
    options: (command) => command.requiredOption('--reason <reason>', REASONS.join(', '), oneOfArgument(...REASONS)),
    async run(session, [certificate = ''], options) {
      const revoked = await (await session.admin()).call('revoke', { certificate, reason: String(options['reason']) })
      session.out.result(revoked, (done) => [...renderCertificates(done.revoked), `in CRL ${done.crlNumber}`])
    }
  })

  define(ca, frame, {
    name: 'crl',
    summary: 'the current certificate revocation list',
    examples: ['ca crl', 'ca crl --pem > crl.pem'],
    options: (command) => command.option('--pem', 'the list itself'),
    async run(session, _, options) {
      session.out.result(await (await session.admin()).call('crl', {}), (crl) =>
        options['pem'] === true
          ? [crl.pem.trimEnd()]
          : [
              `CRL ${crl.number} of ${crl.domain}, ${showTime(crl.thisUpdate)} until ${showTime(crl.nextUpdate)}, ${crl.revoked.length} revoked`,
              ...renderTable(
                ['SERIAL', 'REVOKED', 'REASON'],
                crl.revoked.map((entry) => [entry.serial, showTime(entry.revokedAt), entry.reason])
              )
            ]
      )
    }
  })

  define(ca, frame, {
    name: 'roots',
    summary: 'roots of this domain and of all listed ones',
    examples: ['ca roots'],
    async run(session) {
      session.out.result(await (await session.admin()).call('roots', {}), ({ domains }) =>
        renderTable(
          ['DOMAIN', 'ROOT'],
          domains.flatMap((listed) => listed.roots.map((root) => [listed.own ? `${listed.domain} (own)` : listed.domain, root.sha256]))
        )
      )
    }
  })
}

function renderCertificates(certificates: readonly Certificate[]): string[] {
  return renderTable(
    ['SERIAL', 'IDENTITY', 'ROLES', 'STATE', 'UNTIL'],
    certificates.map((found) => [
      found.serial,
      found.spiffeId,
      found.roles.join(','),
      found.reason === undefined ? found.state : `${found.state} (${found.reason})`,
      showTime(found.notAfter)
    ])
  )
}

export function renderCertificate(found: Certificate): string[] {
  return [
    `serial       ${found.serial}`,
    `identity     ${found.spiffeId} (${found.roles.join(', ')})`,
    `peer         ${found.peer}`,
    `valid        ${showTime(found.notBefore)} until ${showTime(found.notAfter)}`,
    `state        ${found.state}`,
    ...(found.revokedAt === undefined ? [] : [`revoked      ${showTime(found.revokedAt)}, ${found.reason ?? 'unspecified'}`])
  ]
}
