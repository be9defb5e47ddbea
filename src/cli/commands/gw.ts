import type { Command } from 'commander'
import { define, type Frame, group } from '../define.ts'
import { showAge, showMs, showTime } from '../show.ts'
import { renderTable } from '../table.ts'

export function addGw(program: Command, frame: Frame): void {
  const gw = group(program, 'gw', "the gateway's tables and interconnections")

  define(gw, frame, {
    name: 'neighbors',
    summary: 'gateways that this one is interconnected with',
    examples: ['gw neighbors'],
    async run(session) {
      session.out.result(await (await session.admin()).call('neighbors', {}), ({ neighbors }) =>
        renderTable(
          ['GATEWAY', 'STATUS', 'RTT', 'FOR', 'AGENTS', 'ADDRESS'],
          neighbors.map((neighbor) => [
            neighbor.gateway,
            neighbor.status,
            neighbor.rttMs === undefined ? '-' : showMs(neighbor.rttMs),
            showAge(neighbor.sinceMs),
            String(neighbor.agents),
            neighbor.addresses[0] ?? '-'
          ])
        )
      )
    }
  })

  define(gw, frame, {
    name: 'routes',
    summary: 'agents and the next hop to each',
    examples: ['gw routes'],
    async run(session) {
      session.out.result(await (await session.admin()).call('routes', {}), ({ routes }) =>
        renderTable(
          ['AGENT', 'STATUS', 'APPLICABLE', 'GATEWAY', 'NEXT HOP', 'HOPS', 'COST'],
          routes.map((route) => [
            route.handle,
            route.status,
            route.applicable ? 'yes' : 'no',
            route.gateway,
            route.nextHop ?? (route.hops === 0 ? 'local' : '-'),
            route.hops === undefined ? '-' : String(route.hops),
            route.cost === undefined ? '-' : String(route.cost)
          ])
        )
      )
    }
  })

  define(gw, frame, {
    name: 'connect <address>',
    summary: 'interconnect with another gateway; --root lists its domain first',
    examples: ['gw connect /ip4/192.0.2.7/tcp/4001', 'gw connect /dns4/gw.south.example/tcp/4001 --root SHA256:5d3a...'],
    options: (command) => command.option('--root <fingerprint>', 'SHA256:... of the root of its domain, as hansa ca roots shows it there'),
    async run(session, [address = ''], options) {
      const connected = await (await session.admin()).call('connect', { address, root: options['root'] as string | undefined }, session.signal)
      session.out.result(connected, ({ neighbor, listed }) => [
        `${session.out.style('green', 'connected')} ${neighbor.gateway}, ${neighbor.agents} agents${listed ? `; ${neighbor.domain} is listed now` : ''}`
      ])
    }
  })

  define(gw, frame, {
    name: 'disconnect <gateway>',
    summary: 'end an interconnection; the agents behind it are removed here and there',
    examples: ['gw disconnect spiffe://south.example/agw/gw1'],
    async run(session, [gateway = '']) {
      session.out.result(await (await session.admin()).call('disconnect', { gateway }, session.signal), (gone) => [
        `disconnected ${gone.gateway}, ${gone.agentsRemoved} agents removed`
      ])
    }
  })

  define(gw, frame, {
    name: 'unlist <domain>',
    summary: 'take a domain off the list: nothing of it is believed any longer, here and in the rest of the own domain',
    examples: ['gw unlist south.example'],
    async run(session, [domain = '']) {
      session.out.result(await (await session.admin()).call('unlist', { domain }, session.signal), (gone) => [`${gone.domain} is not listed any longer`])
    }
  })

  define(gw, frame, {
    name: 'inbox [agent]',
    summary: 'messages that wait here for agents that are offline, and the last that did',
    examples: ['gw inbox', 'gw inbox laptop@north.example'],
    async run(session, [agent]) {
      session.out.result(await (await session.admin()).call('inbox', { agent }, session.signal), ({ items }) =>
        items.length === 0
          ? ['nothing waits']
          : renderTable(
              ['ID', 'AGENT', 'FROM', 'STATE', 'TRIES', 'SIZE', 'RECEIVED', 'EXPIRES', 'REASON'],
              items.map((item) => [
                item.id,
                item.agent,
                item.principal,
                item.state,
                String(item.attempts),
                String(item.size),
                showTime(item.receivedAt),
                item.endedAt === undefined ? showTime(item.expiresAt) : '-',
                item.failure === undefined ? '-' : `${item.failure.message} (${item.failure.code})`
              ])
            )
      )
    }
  })

  define(gw, frame, {
    name: 'inbox-drop <id>',
    summary: 'end a message that waits, or forget one that is over',
    examples: ['gw inbox-drop inbox-0fJ3kq9XbVd2LrT5yWc8Zg.agw.gw1'],
    async run(session, [id = '']) {
      session.out.result(await (await session.admin()).call('inboxDrop', { id }, session.signal), (item) => [
        `dropped ${item.id}: a message of ${item.principal} for ${item.agent}`
      ])
    }
  })

  define(gw, frame, {
    name: 'trace <agent>',
    summary: 'each gateway on the way to an agent, with its time',
    examples: ['gw trace flight@north.example'],
    async run(session, [agent = '']) {
      session.out.result(await (await session.admin()).call('trace', { agent }, session.signal), (trace) => [
        ...renderTable(
          ['HOP', 'GATEWAY', 'TIME'],
          trace.hops.map((hop, index) => [String(index + 1), hop.gateway, showMs(hop.ms)])
        ),
        session.out.style('dim', `${trace.agent} in ${showMs(trace.ms)}`)
      ])
    }
  })
}
