import type { Command } from 'commander'
import type { AdminAnswer } from '../../admin/client.ts'
import { oneOfArgument, repeated } from '../arguments.ts'
import { define, type Frame, group } from '../define.ts'
import { showTime } from '../show.ts'
import { HOLDER_REASONS, renderCertificate } from './certificates.ts'
import { addCertVerify } from './cert-verify.ts'

export function addCert(program: Command, frame: Frame): void {
  const cert = group(program, 'cert', "this node's own certificate")

  define(cert, frame, {
    name: 'show',
    summary: "this node's certificate",
    examples: ['cert show', 'cert show --pem > chain.pem'],
    options: (command) => command.option('--pem', 'the whole chain, leaf first'),
    async run(session, _, options) {
      const own = await (await session.admin()).call('ownCertificate', {})
      session.out.result(own, (shown) => (options['pem'] === true ? [shown.chainPem.trimEnd()] : renderOwn(shown)))
    }
  })

  define(cert, frame, {
    name: 'status',
    summary: 'what the ACA says of it (draft 3.1.2)',
    examples: ['cert status'],
    async run(session) {
      const status = await (await session.admin()).call('ownCertificateStatus', {}, session.signal)
      session.out.result(status, renderCertificate)
      return status.state === 'good' ? 0 : 1
    }
  })

  define(cert, frame, {
    name: 'renew',
    summary: 'renew it now; the node does so by itself when two thirds of its life are over',
    examples: ['cert renew', 'cert renew --scope travel/flight-booking'],
    options: (command) => command.option('--scope <capability>', 'keep only these of its scopes; may be repeated', repeated, []),
    async run(session, _, options) {
      session.out.result(await (await session.admin()).call('renew', { scopes: options['scope'] as string[] }, session.signal), renderOwn)
    }
  })

  define(cert, frame, {
    name: 'rekey',
    summary: 'get a certificate for a new key, proved by both keys; the node takes it at its next start, with another PeerId',
    examples: ['cert rekey'],
    async run(session) {
      session.out.result(await (await session.admin()).call('rekey', {}, session.signal), ({ certificate, replaces }) => [
        ...renderCertificate(certificate),
        `waits for the next start of the node (hansa up), which then has ${replaces} revoked as superseded`
      ])
    }
  })

  define(cert, frame, {
    name: 'revoke',
    summary: 'give it up: nobody believes this node any longer; keyCompromise also blocks its key for good',
    examples: ['cert revoke --reason keyCompromise'],
    options: (command) => command.requiredOption('--reason <reason>', HOLDER_REASONS.join(', '), oneOfArgument(...HOLDER_REASONS)),
    async run(session, _, options) {
      const revoked = await (await session.admin()).call('revokeOwn', { reason: String(options['reason']) }, session.signal)
      session.out.result(revoked, ({ serial, crlNumber }) => [`revoked ${serial}, in CRL ${crlNumber}`])
    }
  })

  addCertVerify(cert, frame)
}

function renderOwn(own: AdminAnswer<'ownCertificate'>): string[] {
  return [...renderCertificate(own.certificate), `issuer       ${own.issuer}`, ...(own.renewAt === undefined ? [] : [`renewal      ${showTime(own.renewAt)}`])]
}
