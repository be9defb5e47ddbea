import type { Command, OptionValues } from 'commander'
import type { AdminClient } from '../../admin/client.ts'
import type { InitOptions } from '../../node/host.ts'
import { countArgument, durationArgument, nameArgument, repeated, rolesArgument } from '../arguments.ts'
import type { Session } from '../context.ts'
import { define, type Frame } from '../define.ts'
import { showTime } from '../show.ts'
import { wrongUsage } from '../wrong-usage.ts'
import { acmeServer, estServer, renderAcmeFile, renderEstFile } from './voucher-files.ts'

/** Each makes something else of what is asked. */
const KINDS = ['swarm', 'open', 'acme', 'est'] as const

export function addInvite(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'invite',
    summary: 'make one string that lets a machine join this domain (or, with --swarm, found another one in this swarm)',
    examples: [
      'invite --role agent --name flight > invite.txt',
      'invite --role agent --scope travel/flight-booking --org "Flights Ltd" --ttl 15m',
      'invite --open --role agent --ttl 7d > way-in.txt',
      'invite --role agent --name web --dns web.north.example --acme > certbot.ini',
      'invite --role agent --name lathe --est > est.conf',
      'invite --swarm > invite.txt'
    ],
    options: (command) =>
      command
        .option('--role <roles>', 'what the new node may be, comma-separated', rolesArgument)
        .option('--name <name>', 'the name it gets; without one it chooses', nameArgument)
        .option('--scope <capability>', 'what it may offer and do at most; may be repeated', repeated, [])
        .option('--org <organisation>', 'whose it is: stands in its certificate')
        .option('--dns <name>', 'a DNS name within the domain, for TLS clients; may be repeated', repeated, [])
        .option('--bind <SHA256:...>', 'only for this public key or request (hansa join --prepare prints both)')
        .option('--ttl <duration>', 'how long the invite is good for', durationArgument, 3_600_000)
        .option('--uses <count>', 'how many nodes may use it', countArgument(1000), 1)
        .option('--replace', 'take the name over from its present holder, whose certificate is revoked')
        .option('--open', 'no voucher: whoever has it may apply with materials, and waits')
        .option('--acme', 'for certbot and lego: an external account binding instead of a string')
        .option('--est', 'for curl and openssl: a voucher for EST instead of a string')
        .option('--swarm', 'for the founder of a new domain: no voucher'),
    run: invite
  })
}

async function invite(session: Session, _: unknown, options: OptionValues): Promise<void> {
  const kinds = KINDS.filter((kind) => options[kind] === true)
  if (kinds.length > 1) throw wrongUsage(`--${kinds.join(' and --')} do not go together.`)
  const admin = await session.admin()
  const ttlMs = Number(options['ttl'])
  const roles = [...((options['role'] as InitOptions['roles'] | undefined) ?? (['agent'] as const))]
  const [kind] = kinds
  if (kind === 'acme' || kind === 'est') return voucher(session, admin, kind, request(options, roles))
  const made =
    kind === 'swarm'
      ? await admin.call('swarmInvite', { ttlMs })
      : kind === 'open'
        ? await admin.call('openInvite', { ttlMs, roles })
        : await admin.call('invite', request(options, roles))
  session.out.result(made, ({ invite: text }) => [text])
  const use = { swarm: 'whoever has it can found a domain here: hansa init --swarm', open: 'whoever has it can apply: hansa join' }
  session.out.note(`good until ${showTime(made.expiresAt)}; ${kind === undefined ? 'whoever has it can use it: hansa join' : use[kind]}`)
}

function request(options: OptionValues, roles: InitOptions['roles']) {
  const { name, scope, org, dns, bind } = options as { name?: string; scope: string[]; org?: string; dns: string[]; bind?: string }
  return {
    ...{ roles: [...roles], scopes: scope, dnsNames: dns, name, organisation: org, boundTo: bind },
    ttlMs: Number(options['ttl']),
    uses: Number(options['uses']),
    replace: options['replace'] === true
  }
}

async function voucher(session: Session, admin: AdminClient, kind: 'acme' | 'est', asked: ReturnType<typeof request>): Promise<void> {
  // Before there is a voucher that nobody can use: an ACME order is one for DNS names, and an agent has none of its own.
  if (kind === 'acme' && asked.dnsNames.length === 0 && asked.roles.every((role) => role === 'agent'))
    throw wrongUsage('--acme gives certificates for DNS names: --dns NAME, within the domain, is wanted.')
  const made = await admin.call('voucher', { ...asked, door: kind })
  session.out.result({ ...made, server: (kind === 'acme' ? acmeServer : estServer)(made) }, kind === 'acme' ? renderAcmeFile : renderEstFile)
  session.out.note(`good until ${showTime(made.expiresAt)} for ${made.name} (${made.roles.join(', ')}); whoever has it can use it`)
  session.out.note(`what to do with it stands in it; it is read as ${kind === 'acme' ? 'certbot.ini' : 'est.conf'}`)
}
