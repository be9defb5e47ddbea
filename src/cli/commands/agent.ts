import type { Command } from 'commander'
import { nameArgument, repeated } from '../arguments.ts'
import { define, type Frame, group } from '../define.ts'
import { renderAgent, renderAgents } from './directory.ts'

export function addAgent(program: Command, frame: Frame): void {
  const agent = group(program, 'agent', 'put an agent on the network; registrations of this domain')

  define(agent, frame, {
    name: 'run',
    summary: 'run the agent role beside any A2A agent: register, attach, heartbeat, deliver',
    examples: [
      'agent run --card http://127.0.0.1:8080',
      'agent run --card ./card.json --capability travel/trains --language de',
      'agent run --card ./card.json --mapping ./mapping.yaml'
    ],
    options: (command) =>
      command
        .requiredOption('--card <url-or-file>', "the agent's card, or the address that serves it")
        .option('--mapping <file>', 'how a plain HTTP or gRPC service is called as an agent; its card is a file')
        .option('--name <name>', 'must be the one in the certificate', nameArgument)
        .option('--capability <path>', 'beside those of the card', repeated)
        .option('--language <tag>', 'a language the agent understands', repeated)
        .option('--idempotent', 'work on no message twice: a copy is given the answer of the first'),
    async run(session, _, options) {
      const host = await session.host()
      await host.runAgent({
        home: session.home,
        card: String(options['card']),
        ...(options['mapping'] === undefined ? {} : { mapping: String(options['mapping']) }),
        ...(options['name'] === undefined ? {} : { name: String(options['name']) }),
        capabilities: (options['capability'] as string[] | undefined) ?? [],
        languages: (options['language'] as string[] | undefined) ?? [],
        ...(options['idempotent'] === true ? { idempotent: true } : {}),
        signal: session.signal,
        onReady: (run) => session.out.result(run, () => [`${session.out.style('green', 'up')} ${run.spiffeId}`, `admin    ${run.admin}`]),
        onAttached: (attached) =>
          session.out.result(attached, (there) => [
            `${session.out.style('green', 'online')} ${there.handle} at ${there.gateway}: hansa call ${there.handle} 'hello'`
          ])
      })
    }
  })

  define(agent, frame, {
    name: 'list',
    summary: 'registrations of this domain',
    examples: ['agent list'],
    async run(session) {
      session.out.result(await (await session.admin()).call('agents', {}, session.signal), ({ agents }) => renderAgents(agents))
    }
  })

  define(agent, frame, {
    name: 'show <agent>',
    summary: 'one registration of this domain',
    examples: ['agent show flight'],
    async run(session, [name = '']) {
      session.out.result(await (await session.admin()).call('agent', { agent: name }, session.signal), renderAgent)
    }
  })

  define(agent, frame, {
    name: 'deregister <agent>',
    summary: 'end a registration; it disappears in all domains',
    examples: ['agent deregister flight'],
    async run(session, [name = '']) {
      session.out.result(await (await session.admin()).call('deregister', { agent: name }, session.signal), (gone) => [`deregistered ${gone.resourceId}`])
    }
  })
}
