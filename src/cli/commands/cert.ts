import type { Command } from 'commander'
import type { AdminAnswer } from '../../admin/client.ts'
import { define, type Frame, group } from '../define.ts'
import { showTime } from '../show.ts'
import { renderCertificate } from './ca.ts'
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
    examples: ['cert renew'],
    async run(session) {
      session.out.result(await (await session.admin()).call('renew', {}, session.signal), renderOwn)
    }
  })

  addCertVerify(cert, frame)
}

function renderOwn(own: AdminAnswer<'ownCertificate'>): string[] {
  return [...renderCertificate(own.certificate), `issuer       ${own.issuer}`, ...(own.renewAt === undefined ? [] : [`renewal      ${showTime(own.renewAt)}`])]
}
