import type { Command } from 'commander'
import type { AdminAnswer } from '../../admin/client.ts'
import { countArgument, domainArgument, oneOfArgument, repeated } from '../arguments.ts'
import { define, type Frame } from '../define.ts'
import type { Output } from '../output.ts'
import { showMs, showTime } from '../show.ts'
import { renderTable } from '../table.ts'

/** find and resolve: who can do this, and who is that. */
export function addDirectory(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'find [text]',
    summary: 'discover agents of all listed domains; says who was asked and whether the answer is complete',
    examples: ['find --capability travel', 'find --output flight-confirmation', "find 'train tickets' --language de --limit 5 --json"],
    options: (command) =>
      command
        .option('--capability <path>', 'this or one below it; several must all be there', repeated)
        .option('--output <fact>', 'a skill puts out this fact; of several, one of them', repeated)
        .option('--language <tag>', 'BCP 47 tag')
        .option('--protocol <name>', 'a protocol of the agent, such as a2a-jsonrpc')
        .option('--domain <domain>', 'agents of this domain only', domainArgument)
        .option('--status <status>', 'online or any', oneOfArgument('online', 'any'), 'online')
        .option('--limit <count>', 'at most so many', countArgument(100), 20),
    async run(session, [text], options) {
      const found = await (
        await session.admin()
      ).call(
        'find',
        {
          text: text ?? '',
          capabilities: (options['capability'] as string[] | undefined) ?? [],
          outputs: (options['output'] as string[] | undefined) ?? [],
          language: options['language'] as string | undefined,
          protocol: options['protocol'] as string | undefined,
          domain: options['domain'] as string | undefined,
          status: options['status'] === 'any' ? 'any' : 'online',
          limit: Number(options['limit'])
        },
        session.signal
      )
      session.out.result(found, (response) => renderFind(response, session.out))
    }
  })

  define(program, frame, {
    name: 'resolve <agent>',
    summary: 'the signed record of one agent, with what was verified',
    examples: ['resolve flight@north.example'],
    async run(session, [agent = '']) {
      const resolved = await (await session.admin()).call('resolve', { agent }, session.signal)
      session.out.result(resolved, (response) => [
        ...renderAgent(response.agent),
        `${'source'.padEnd(13)} ${response.source}`,
        ...response.verified.map((sentence) => `${session.out.style('green', 'verified')}     ${sentence}`)
      ])
    }
  })
}

function renderFind(response: AdminAnswer<'find'>, out: Output): string[] {
  const answered = response.asked.filter((asked) => asked.error === undefined)
  const silent = response.asked.filter((asked) => asked.error !== undefined)
  return [
    ...renderAgents(response.hits),
    ...(response.hits.length === 0 ? ['no agent fits'] : []),
    out.style(
      'dim',
      `asked ${response.asked.length}, answered ${answered.length}: ${answered.map((asked) => `${asked.ars} (${asked.hits} in ${showMs(asked.ms)})`).join(', ')}`
    ),
    ...silent.map((asked) => out.style('yellow', `no answer from ${asked.ars}: ${asked.error?.message ?? ''} (${asked.error?.code ?? ''})`)),
    response.complete ? out.style('dim', 'the answer is complete') : out.style('yellow', 'the answer may be incomplete')
  ]
}

/** One line per agent. */
export function renderAgents(agents: readonly AdminAnswer<'agent'>[]): string[] {
  return renderTable(
    ['AGENT', 'STATUS', 'CAPABILITIES', 'LANGUAGES', 'VIA', 'DESCRIPTION'],
    agents.map((agent) => [
      agent.handle,
      agent.status,
      agent.capabilities.join(' '),
      agent.languages.join(' ') || '-',
      agent.address === undefined ? '-' : agent.address.spiffeId,
      agent.description || agent.name
    ])
  )
}

/** Everything of one agent. */
export function renderAgent(agent: AdminAnswer<'agent'>): string[] {
  const rows: [string, string | undefined][] = [
    ['agent', agent.handle],
    ['name', agent.name],
    ['description', agent.description],
    ['resource ID', agent.resourceId],
    ['identity', agent.spiffeId],
    ['status', agent.status],
    ['capabilities', agent.capabilities.join(' ')],
    ['languages', agent.languages.join(' ')],
    ['protocols', agent.protocols.join(' ') + (agent.streaming ? ' (streams)' : '')],
    ...agent.skills.map(({ id, inputs, outputs }): [string, string] => [
      'skill',
      `${id}: ${inputs.join(' ') || 'nothing'} -> ${outputs.join(' ') || 'nothing'}`
    ]),
    ['extensions', agent.extensions.join(' ')],
    ['record', `${agent.sequence} of ${showTime(agent.issuedAt)}, until ${showTime(agent.expiresAt)}`],
    ['registered at', agent.ars],
    [agent.address?.gateway === true ? 'gateway' : 'address', agent.address && [agent.address.spiffeId, ...agent.address.addresses].join(' ')],
    ['url', agent.address?.url]
  ]
  return rows.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [`${key.padEnd(13)}${value}`]))
}
