import type { Command, OptionValues } from 'commander'
import type { JoinOptions, JoinResult } from '../../node/host.ts'
import { nameArgument, repeated, repeatedRoles } from '../arguments.ts'
import type { Session } from '../context.ts'
import { define, type Frame } from '../define.ts'
import { readSecret } from '../read-secret.ts'
import { wrongUsage } from '../wrong-usage.ts'
import { readInviteFile } from './init.ts'

export function addJoin(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'join [file]',
    summary: 'join a domain: make a home from an invite (a file, - for standard input, or asked for) and enrol',
    examples: [
      'join invite.txt --home ./gw1',
      'join - < invite.txt',
      'join --prepare --home ./flight',
      'join way-in.txt --home ./flight --name flight --organisation "Flights Ltd" --oidc-token token.jwt',
      'join --home ./flight --wait'
    ],
    options: (command) =>
      command
        .option('--prepare', 'only make the key, and print what a voucher or an OpenID token can be bound to')
        .option('--wait', 'wait until the operator has decided, if it comes to that')
        .option('--name <name>', 'the name that is asked for', nameArgument)
        .option('--role <roles>', 'what it wants to be; may be repeated', repeatedRoles)
        .option('--scope <capability>', 'what it wants to offer and do at most; may be repeated', repeated)
        .option('--skill <skill>', 'what it can do; may be repeated', repeated)
        .option('--developer <who>', 'who made it')
        .option('--organisation <organisation>', 'whose it is')
        .option('--oidc-token <file>', "the developer's OpenID Connect ID token (its nonce: see --prepare)")
        .option('--document <file>', 'a qualification document: only its hash is sent; may be repeated', repeated, [])
        .option('--statement <file>', 'what an authority says of the document (JSON), one for each', repeated, [])
        .option('--jws <file>', "the authority's detached JWS over the statement, one for each", repeated, [])
        .option('--cites <serial>', 'the revoked certificate that this one stands in for'),
    run: join
  })
}

async function join(session: Session, [file]: readonly (string | undefined)[], options: OptionValues): Promise<void> {
  const host = await session.host()
  if (options['prepare'] === true) {
    session.out.result(await host.prepare(session.home), (made) => [
      `${session.out.style('green', 'made')} a key in ${made.home}: ${made.peer}`,
      `key      ${made.key}`,
      `request  ${made.csr}`,
      `nonce    ${made.nonce}`,
      `ask for an invite bound to the key (hansa invite --bind), then: hansa join FILE --home ${made.home}`
    ])
    return
  }
  const materials = await materialsOf(options)
  const invite = await inviteOf(session, file)
  const { cites } = options as { cites?: string }
  const result: JoinResult = await host.join({
    home: session.home,
    signal: session.signal,
    wait: options['wait'] === true,
    ...(invite === undefined ? {} : { invite }),
    ...(materials === undefined ? {} : { materials }),
    ...(cites === undefined ? {} : { cites }),
    onPending({ message, findings, key }) {
      for (const finding of findings) session.out.note(finding)
      if (message !== '') session.out.note(message)
      session.out.note(`waits for the operator, who finds it by its key in hansa ca pending: ${key}; go on with: hansa join --home ${session.home}`)
    }
  })
  session.out.result(result, (made) => [
    `${session.out.style('green', 'joined')} as ${made.spiffeId} (${made.roles.join(', ')}), certificate until ${new Date(made.notAfter).toISOString()}`,
    made.roles.every((role) => role === 'agent')
      ? `put your agent on the swarm: hansa agent run --home ${made.home} --card URL`
      : `start it: hansa up --home ${made.home}`
  ])
}

/** A home that waits has its invite already. */
async function inviteOf(session: Session, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) {
    const { hasInvite } = await import('../../node/home/joining.ts')
    if (await hasInvite(session.home)) return undefined
  }
  return file === undefined || file === '-' ? readSecret(session, 'Invite: ', file === '-') : readInviteFile(file)
}

interface Said {
  readonly name?: string
  readonly role?: ReturnType<typeof repeatedRoles>
  readonly scope?: string[]
  readonly skill?: string[]
  readonly developer?: string
  readonly organisation?: string
  readonly oidcToken?: string
  readonly document: string[]
  readonly statement: string[]
  readonly jws: string[]
}

/** Undefined when nothing is said: a voucher says it all. */
async function materialsOf(options: OptionValues): Promise<JoinOptions['materials']> {
  const { name, role: roles, scope: scopes, skill: skills, developer, organisation, oidcToken, document, statement, jws } = options as Said
  if (document.length !== statement.length || document.length !== jws.length) throw wrongUsage('Each --document wants a --statement and a --jws.')
  const documents = document.map((each, index) => ({ document: each, statement: statement[index] ?? '', jws: jws[index] ?? '' }))
  const { readMaterials } = await import('../../node/read-materials.ts')
  const proved = await readMaterials({ documents, ...(oidcToken === undefined ? {} : { oidcToken }) })
  const said = Object.entries({ name, roles, scopes, skills, developer, organisation }).filter(([, value]) => value !== undefined)
  const materials = { ...Object.fromEntries(said), ...proved }
  return Object.keys(materials).length === 0 ? undefined : materials
}
