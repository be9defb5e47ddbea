import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { InitOptions } from '../../node/host.ts'
import { HansaError } from '../../schema/errors.ts'
import { domainArgument, nameArgument, rolesArgument } from '../arguments.ts'
import { define, type Frame } from '../define.ts'
import { readPassphrase } from '../read-passphrase.ts'

/** A name for the first node of a domain; others get theirs with the invite. */
const DEFAULT_NAME = 'node1'

/** All that a domain needs; agents come by invite. */
const DEFAULT_ROLES: InitOptions['roles'] = ['aca', 'ars', 'agw']

export function addInit(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'init',
    summary: 'found a domain: write a node home with config, key and (role aca) its authority',
    examples: ['init --domain north.example --roles aca,ars,agw', 'init --domain south.example --swarm invite.txt --home ./south'],
    options: (command) =>
      command
        .requiredOption('--domain <domain>', 'the trust domain', domainArgument)
        .option('--roles <roles>', 'comma-separated: aca, ars, agw, agent (default: aca,ars,agw)', rolesArgument)
        .option('--name <name>', 'name of this node in the domain', nameArgument, DEFAULT_NAME)
        .option('--swarm <file>', "another domain's swarm invite: join its swarm and list its root")
        .option('--seal', 'seal the root key with a passphrase')
        .option('--passphrase-file <file>', 'file with that passphrase, closed to others (or $HANSA_ROOT_PASSPHRASE_FILE); otherwise it is asked for'),
    async run(session, _, options) {
      const host = await session.host()
      const file = options['swarm'] as string | undefined
      const result = await host.init({
        home: session.home,
        domain: String(options['domain']),
        roles: (options['roles'] as InitOptions['roles'] | undefined) ?? DEFAULT_ROLES,
        name: String(options['name']),
        ...(file === undefined ? {} : { swarmInvite: await readInviteFile(file) }),
        ...(options['seal'] === true ? { passphrase: await readPassphrase(session, options['passphraseFile'] as string | undefined, true) } : {})
      })
      session.out.result(result, (made) => [
        `${session.out.style('green', 'made')} ${made.home}: ${made.spiffeId}`,
        ...(made.root === undefined ? [] : [`root ${made.root}`]),
        ...(made.rootKey === 'open' ? ['its key lies open in the home and should not stay there: hansa ca root seal, or hansa ca root export FILE'] : []),
        ...(made.swarmOf === undefined ? [] : [`in the swarm of ${made.swarmOf}, whose root is listed`]),
        `start it: hansa up --home ${made.home}`
      ])
    }
  })
}

/** Throws NOT_FOUND. */
export async function readInviteFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new HansaError('NOT_FOUND', `cannot read the invite ${file}`, { file }, cause)
  }
}
