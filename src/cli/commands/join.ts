import type { Command } from 'commander'
import { define, type Frame } from '../define.ts'
import { readSecret } from '../read-secret.ts'
import { readInviteFile } from './init.ts'

export function addJoin(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'join [file]',
    summary: 'join a domain: make a home from an invite (a file, - for standard input, or asked for) and enrol',
    examples: ['join invite.txt --home ./gw1', 'join - < invite.txt'],
    async run(session, [file]) {
      const invite = file === undefined || file === '-' ? await readSecret(session, 'Invite: ', file === '-') : await readInviteFile(file)
      const host = await session.host()
      const result = await host.join({ home: session.home, invite, signal: session.signal })
      session.out.result(result, (made) => [
        `${session.out.style('green', 'joined')} as ${made.spiffeId} (${made.roles.join(', ')}), certificate until ${new Date(made.notAfter).toISOString()}`,
        made.roles.every((role) => role === 'agent')
          ? `put your agent on the swarm: hansa agent run --home ${made.home} --card URL`
          : `start it: hansa up --home ${made.home}`
      ])
    }
  })
}
