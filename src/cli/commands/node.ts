import type { Command } from 'commander'
import { HansaError } from '../../schema/errors.ts'
import { define, type Frame } from '../define.ts'
import { showAge, showTime } from '../show.ts'
import { renderTable } from '../table.ts'
import { addInvite } from './invite.ts'

/** up, status, doctor, peers, invite: one node as a whole. */
export function addNode(program: Command, frame: Frame): void {
  addUp(program, frame)
  addInvite(program, frame)

  define(program, frame, {
    name: 'status',
    summary: 'what the running node is and how it fares',
    examples: ['status', 'status --home ./north --json'],
    async run(session) {
      const status = await (await session.admin()).call('status', {})
      session.out.result(status, (node) => {
        const rows: [string, string | number | undefined][] = [
          ['node', `${node.spiffeId} (${node.roles.join(', ')})`],
          ['state', `${node.state}, pid ${node.pid}, for ${showAge(Date.now() - node.startedAt)}, version ${node.version}`],
          ['peer', node.peer],
          ...node.addresses.map((address): [string, string] => ['swarm', address]),
          ['ingress', node.ingress],
          ['certificate', node.certificate && `${node.certificate.serial} until ${showTime(node.certificate.notAfter)}`],
          ['domains', node.listedDomains.join(', ')],
          ['peers', node.peers],
          ...(node.degraded ?? []).map((what): [string, string] => ['degraded', what]),
          ['registered', node.registeredAgents],
          ['attached', node.attachedAgents],
          ['neighbors', node.neighbors],
          ['agent', node.agent && `${node.agent.handle} ${node.agent.status}${node.agent.gateway === undefined ? '' : ` at ${node.agent.gateway}`}`]
        ]
        return rows.flatMap(([key, value]) => (value === undefined ? [] : [`${key.padEnd(12)} ${value}`]))
      })
    }
  })

  define(program, frame, {
    name: 'doctor',
    summary: 'look for what is wrong with a home and its node, and say what to do',
    examples: ['doctor --home ./north'],
    async run(session) {
      const { inspectHome } = await import('../../node/home/inspect-home.ts')
      const checks = await inspectHome(session.home, session.env)
      try {
        if (checks.every((check) => check.ok)) checks.push(...(await (await session.admin()).call('doctor', {}, session.signal)).checks)
      } catch (error) {
        if (!(error instanceof HansaError)) throw error
        checks.push({ check: 'node', ok: false, detail: error.message, hint: error.hint })
      }
      const ok = checks.every((check) => check.ok)
      session.out.result({ ok, checks }, (found) =>
        found.checks.flatMap((check) => [
          `${check.ok ? session.out.style('green', 'ok  ') : session.out.style('red', 'FAIL')} ${check.check}: ${check.detail}`,
          ...(check.ok || check.hint === undefined ? [] : [`       ${check.hint}`])
        ])
      )
      return ok ? 0 : 1
    }
  })

  define(program, frame, {
    name: 'peers',
    summary: 'peers with an open connection',
    examples: ['peers'],
    async run(session) {
      session.out.result(await (await session.admin()).call('peers', {}), ({ peers }) =>
        renderTable(
          ['PEER', 'IDENTITY', 'DIRECTION', 'ADDRESS'],
          peers.map((peer) => [peer.peer, peer.spiffeId ?? '-', peer.direction, peer.address])
        )
      )
    }
  })
}

function addUp(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'up',
    summary: 'run the node in the foreground until SIGINT or SIGTERM',
    examples: ['up', 'up --home ./north'],
    async run(session) {
      const host = await session.host()
      await host.up({
        home: session.home,
        signal: session.signal,
        onReady: (ready) =>
          session.out.result(ready, (run) => [
            `${session.out.style('green', 'up')} ${run.spiffeId}`,
            ...run.swarm.map((address) => `swarm    ${address}`),
            ...(run.ingress === undefined ? [] : [`ingress  ${run.ingress}`]),
            `admin    ${run.admin}`
          ])
      })
    }
  })
}
