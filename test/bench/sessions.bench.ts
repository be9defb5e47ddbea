import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { joinSwarm } from '../../src/index.ts'
import type { Swarm } from '../../src/node/join-swarm.ts'
import { type BenchProcess, startChild } from './frame/child-process.ts'
import { compare, DEFAULT_PACE } from './frame/compare.ts'
import type { Report } from './frame/report.ts'
import { foundDomain } from './swarm/domain.ts'
import { reached } from './swarm/interconnect.ts'

export const name = 'sessions'

const TEXT = 'h'.repeat(1024)
const IN_FLIGHT = [1, 16]

/** What it costs to record what is said, at both ends: calls of 1 KiB straight from node to node, each a session of its own, and all in one. */
export async function run(report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-bench-'))
  const processes: BenchProcess[] = []
  const swarms: Swarm[] = []
  try {
    const north = await foundDomain(dir, 'north')
    processes.push(north.gateway)
    const pair = async (record: boolean) => {
      const label = record ? 'on' : 'off'
      const agent = await startChild('agent node', new URL('./servers/hansa-echo.ts', import.meta.url), [await north.join(`echo-${label}`, 'direct', record)])
      processes.push(agent)
      const swarm = await joinSwarm({ home: await north.join(`caller-${label}`, 'direct', record) })
      swarms.push(swarm)
      await reached(swarm, agent.ready)
      const call = async (contextId?: string): Promise<void> => {
        const parts = [{ content: { case: 'text' as const, value: TEXT } }]
        const { text } = await swarm.call(agent.ready, { parts, ...(contextId === undefined ? {} : { contextId }) })
        if (text !== TEXT) throw new Error(`the answer is not the question: ${text.slice(0, 100)}`)
      }
      return { agent, call }
    }
    const off = await pair(false)
    const on = await pair(true)
    for (const concurrency of IN_FLIGHT) {
      const cases = [
        { name: 'nothing recorded', call: () => off.call(), processes: [off.agent] },
        { name: 'a session for each call', call: () => on.call(), processes: [on.agent] },
        { name: 'all in one session', call: () => on.call(`one-${concurrency}`), processes: [on.agent] }
      ]
      const named = cases.map((one) => ({ ...one, name: `${one.name}, ${concurrency} in flight` }))
      await compare(report, named, { ...DEFAULT_PACE, concurrency })
    }
  } finally {
    await Promise.allSettled(swarms.map((swarm) => swarm.stop()))
    await Promise.allSettled(processes.map((process) => process.stop()))
    await rm(dir, { recursive: true, force: true })
  }
}
