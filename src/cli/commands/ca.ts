import type { Command } from 'commander'
import { countArgument, oneOfArgument } from '../arguments.ts'
import { define, type Frame, group } from '../define.ts'
import { showTime } from '../show.ts'
import { renderTable } from '../table.ts'
import { wrongUsage } from '../wrong-usage.ts'
import { addCaApplications } from './ca-applications.ts'
import { addCaRollover } from './ca-rollover.ts'
import { addCaRoot } from './ca-root.ts'
import { HOLDER_REASONS, renderCertificate, renderCertificates } from './certificates.ts'

/** RFC 5280 5.3.1, those that make sense for a node of a domain. */
const REASONS = [...HOLDER_REASONS, 'privilegeWithdrawn', 'certificateHold'] as const

export function addCa(program: Command, frame: Frame): void {
  const ca = group(program, 'ca', "the desk of the domain's certificate authority")
  addCaApplications(ca, frame)
  addCertificates(ca, frame)
  addRevocation(ca, frame)
  addLists(ca, frame)
  addAudit(ca, frame)
  addCaRoot(ca, frame)
  addCaRollover(ca, frame)
}

function addCertificates(ca: Command, frame: Frame): void {
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
}

function addRevocation(ca: Command, frame: Frame): void {
  define(ca, frame, {
    name: 'revoke [certificate]',
    summary: 'revoke certificates (serial, SPIFFE ID, handle or PeerId), or all of an organisation; their holders are cut off everywhere',
    examples: [
      'ca revoke flight@north.example --reason keyCompromise',
      'ca revoke --org "Flights Ltd" --reason affiliationChanged',
      'ca revoke gw1@north.example --reason certificateHold'
    ],
    options: (command) =>
      command
        .requiredOption('--reason <reason>', `${REASONS.join(', ')}; a certificateHold can be lifted (ca release)`, oneOfArgument(...REASONS))
        .option('--org <organisation>', 'all that it has'),
    async run(session, [certificate], options) {
      const organisation = options['org'] as string | undefined
      const reason = String(options['reason'])
      if ((certificate === undefined) === (organisation === undefined)) throw wrongUsage('Either a certificate or --org is wanted.')
      const admin = await session.admin()
      const revoked =
        organisation === undefined
          ? await admin.call('revoke', { certificate: certificate ?? '', reason })
          : await admin.call('revokeOrganisation', { organisation, reason })
      session.out.result(revoked, (done) => [...renderCertificates(done.revoked), `in CRL ${done.crlNumber}`])
    }
  })

  define(ca, frame, {
    name: 'release <certificate>',
    summary: 'lift a hold (reason certificateHold): the holder is believed again',
    examples: ['ca release gw1@north.example'],
    async run(session, [certificate = '']) {
      session.out.result(await (await session.admin()).call('release', { certificate }), (done) => [
        ...renderCertificates(done.released),
        `off the list since CRL ${done.crlNumber}`
      ])
    }
  })
}

function addLists(ca: Command, frame: Frame): void {
  define(ca, frame, {
    name: 'crl',
    summary: 'the current certificate revocation list',
    examples: ['ca crl', 'ca crl --pem > crl.pem'],
    options: (command) =>
      command
        .option('--pem', 'the list itself')
        .option('--issuer <id>', 'of another CA of this node, as ca show names it (issued by); the one that signs now otherwise'),
    async run(session, _, options) {
      session.out.result(await (await session.admin()).call('crl', { issuer: options['issuer'] as string | undefined }), (crl) =>
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
    examples: ['ca roots', 'ca roots --pem > roots.pem'],
    options: (command) => command.option('--pem', 'the roots of this domain themselves, for programs that know nothing of Hansa'),
    async run(session, _, options) {
      session.out.result(await (await session.admin()).call('roots', {}), ({ domains }) =>
        options['pem'] === true
          ? domains.flatMap((listed) => (listed.own ? listed.roots.map((root) => root.pem.trimEnd()) : []))
          : renderTable(
              ['DOMAIN', 'ROOT'],
              domains.flatMap((listed) => listed.roots.map((root) => [listed.own ? `${listed.domain} (own)` : listed.domain, root.sha256]))
            )
      )
    }
  })
}

const MOST_ENTRIES = 1000

function addAudit(ca: Command, frame: Frame): void {
  define(ca, frame, {
    name: 'audit',
    summary: 'every decision of this authority, in a log that nobody changes unseen',
    examples: ['ca audit --limit 20', 'ca audit --verify'],
    options: (command) =>
      command
        .option('--from <number>', 'the first entry to show; the last ones otherwise', countArgument(999_999_999))
        .option('--limit <count>', 'how many at most', countArgument(MOST_ENTRIES), 100)
        .option('--verify', 'only check that each entry fits the one before: exit code 1 (AUDIT_BROKEN) if one does not'),
    async run(session, _, options) {
      const admin = await session.admin()
      if (options['verify'] === true) {
        const found = await admin.call('auditVerify', {}, session.signal)
        session.out.result(found, ({ ok, entries, head, brokenAt, why }) => [
          ok
            ? `${session.out.style('green', 'whole')}: ${entries} entries, head ${head}`
            : `${session.out.style('red', 'AUDIT_BROKEN')} at entry ${brokenAt ?? '?'}: ${why ?? ''}`
        ])
        return found.ok ? 0 : 1
      }
      const from = options['from'] as number | undefined
      const list = await admin.call('audit', { limit: String(options['limit']), ...(from === undefined ? {} : { from: String(from) }) }, session.signal)
      session.out.result(list, ({ entries }) =>
        renderTable(
          ['NUMBER', 'TIME', 'EVENT', 'BY', 'SUBJECT', 'DETAILS'],
          entries.map((entry) => [
            String(entry.number),
            showTime(entry.at),
            entry.event,
            entry.by,
            entry.subject,
            Object.entries(entry.details)
              .map(([key, value]) => `${key}=${value}`)
              .join(' ')
          ])
        )
      )
      return 0
    }
  })
}
