import type { Command, OptionValues } from 'commander'
import type { AdminAnswer, AdminClient } from '../../admin/client.ts'
import { nameArgument, repeated, repeatedRoles } from '../arguments.ts'
import type { Session } from '../context.ts'
import { define, type Frame, group } from '../define.ts'
import { showTime } from '../show.ts'
import { renderTable } from '../table.ts'
import { wrongUsage } from '../wrong-usage.ts'

type Application = AdminAnswer<'application'>

/** draft 3.1.1: applications that no rule decides wait here for people. */
export function addCaApplications(ca: Command, frame: Frame): void {
  define(ca, frame, {
    name: 'pending [id]',
    summary: 'applications that wait for a decision, or one with its evidence and what was found of it',
    examples: ['ca pending', 'ca pending 5f0c2a91'],
    async run(session, [id]) {
      const admin = await session.admin()
      if (id === undefined) session.out.result(await admin.call('applications', {}), ({ applications }) => renderApplications(applications))
      else session.out.result(await admin.call('application', { application: id }), renderApplication)
    }
  })

  define(ca, frame, {
    name: 'approve <id>',
    summary: 'approve an application, as it stands or with a change; roles that speak for others need two approvers',
    examples: [
      'ca approve 5f0c2a91',
      'ca approve 5f0c2a91 --key alice.key --as alice',
      'ca approve 5f0c2a91 --name flight --role agent --scope travel/flight-booking'
    ],
    options: (command) =>
      withKey(command)
        .option('--name <name>', 'the name it gets, instead of the one that was asked for', nameArgument)
        .option('--role <roles>', 'what it may be, instead; may be repeated', repeatedRoles)
        .option('--scope <capability>', 'what it may offer and do, instead; may be repeated', repeated),
    async run(session, [id = ''], options) {
      const { name, role: roles, scope: scopes } = options as { name?: string; role?: Application['asked']['roles']; scope?: string[] }
      const changes = { ...(name === undefined ? {} : { name }), ...(roles === undefined ? {} : { roles }), ...(scopes === undefined ? {} : { scopes }) }
      const admin = await session.admin()
      const approval = await approvalOf(session, admin, options, id, { decision: 'approve', ...changes })
      session.out.result(await admin.call('approve', { application: id, ...changes, ...approval }, session.signal), renderDecided)
    }
  })

  define(ca, frame, {
    name: 'reject <id>',
    summary: 'reject an application; the applicant is told why',
    examples: ['ca reject 5f0c2a91 --why "no such organisation"'],
    options: (command) => withKey(command).requiredOption('--why <text>', 'one sentence for the applicant'),
    async run(session, [id = ''], options) {
      const why = String(options['why'])
      const admin = await session.admin()
      const approval = await approvalOf(session, admin, options, id, { decision: 'reject', why })
      session.out.result(await admin.call('reject', { application: id, why, ...approval }, session.signal), renderDecided)
    }
  })

  define(group(ca, 'approver', 'keys of those who approve applications'), frame, {
    name: 'new <name>',
    summary: 'make a key pair for an approver; the public one goes into the config of the ACA',
    examples: ['ca approver new alice --out alice.key'],
    options: (command) => command.requiredOption('--out <file>', 'where the private key goes, mode 0600; the public one beside it as FILE.pub'),
    async run(session, [name = ''], options) {
      const { newApprover } = await import('../../node/approver.ts')
      session.out.result(await newApprover(nameArgument(name), String(options['out'])), (made) => [
        `${session.out.style('green', 'made')} ${made.privateKey} (keep it) and ${made.publicKey}`,
        'in the config.yaml of the ACA:',
        'ca:',
        '  policy:',
        '    approvers:',
        `      ${made.name}: ${made.publicKey}`
      ])
    }
  })
}

function withKey(command: Command): Command {
  return command
    .option('--key <file>', 'private key of the approver (hansa ca approver new); without it, the holder of the admin token decides')
    .option('--as <name>', 'name of the approver in the config of the ACA; that of the key file otherwise', nameArgument)
}

/** What goes with a decision. Signed on this machine: the key goes nowhere. */
async function approvalOf(
  session: Session,
  admin: AdminClient,
  options: OptionValues,
  id: string,
  decision: {
    readonly decision: 'approve' | 'reject'
    readonly name?: string
    readonly roles?: Application['asked']['roles']
    readonly scopes?: string[]
    readonly why?: string
  }
): Promise<{ approver?: string; signature?: string }> {
  const { key, as } = options as { key?: string; as?: string }
  if (key === undefined) {
    if (as !== undefined) throw wrongUsage('--as goes with --key.')
    return {}
  }
  const { approverName, signRuling } = await import('../../node/approver.ts')
  const { domain } = await admin.call('status', {})
  const application = await admin.call('application', { application: id })
  // What is signed is shown first: that is what the approver vouches for.
  for (const line of renderApplication(application)) session.out.note(line)
  const { ref, digest } = application
  return { approver: as ?? approverName(key), signature: await signRuling(key, { domain, ref, digest, ...decision }) }
}

function renderApplications(applications: readonly Application[]): string[] {
  return renderTable(
    ['ID', 'SINCE', 'NAME', 'ROLES', 'ORGANISATION', 'FAILED', 'APPROVALS', 'DOOR', 'KEY'],
    applications.map((each) => [
      each.ref,
      showTime(each.at),
      each.asked.name,
      each.asked.roles.join(','),
      each.asked.organisation ?? '-',
      each.verdicts
        .filter(({ state }) => state === 'failed')
        .map(({ material }) => material)
        .join(',') || '-',
      `${each.approvals.length}/${each.approvalsNeeded}`,
      each.door,
      each.keyId.slice(0, 16)
    ])
  )
}

function renderApplication(each: Application): string[] {
  const rows: [string, string | undefined][] = [
    ['application', `${each.ref} (${each.state}) by ${each.door}`],
    ['since', `${showTime(each.at)}, until ${showTime(each.expiresAt)}`],
    ['name', each.asked.name],
    ['roles', each.asked.roles.join(', ')],
    ['scopes', each.asked.scopes.join(', ') || 'no ceiling'],
    ['organisation', each.asked.organisation],
    ['developer', each.developer],
    ['skills', each.skills.join(', ') || undefined],
    ['DNS names', each.asked.dnsNames.join(', ') || undefined],
    ['peer', each.peer || undefined],
    ['key', `SHA256:${each.keyId}`],
    ['cites', each.cites],
    ['digest', each.digest],
    [
      'approvals',
      `${each.approvals.length} of ${each.approvalsNeeded}${each.approvals.map(({ approver, at }) => `, ${approver} at ${showTime(at)}`).join('')}`
    ],
    ['serial', each.serial],
    ['message', each.message]
  ]
  return [
    ...rows.flatMap(([key, value]) => (value === undefined ? [] : [`${key.padEnd(12)} ${value}`])),
    ...each.documents.map(({ title, sha256, authority }) => `document     ${title}, SHA256:${sha256}${authority === undefined ? '' : `, by ${authority}`}`),
    ...each.verdicts.map(({ material, state, detail }) => `${state.padEnd(12)} ${material}: ${detail}`)
  ]
}

function renderDecided(each: Application): string[] {
  if (each.state === 'issued') return [`issued ${each.serial ?? ''} to ${each.asked.name}`]
  if (each.state === 'rejected') return [`rejected ${each.ref}: ${each.message ?? ''}`]
  return [`${each.approvals.length} of ${each.approvalsNeeded} approvals: ${each.ref} waits for another approver`]
}
