import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { joinSwarm } from '../../src/index.ts'
import type { Swarm } from '../../src/node/join-swarm.ts'
import { type BenchProcess, startChild } from './frame/child-process.ts'
import { type Case, compare, DEFAULT_PACE } from './frame/compare.ts'
import type { Report } from './frame/report.ts'
import { foundDomain } from './swarm/domain.ts'
import { HttpCaller } from './swarm/http-caller.ts'
import { interconnect, patiently, reached } from './swarm/interconnect.ts'

export const name = 'gateway'

const TEXT = 'h'.repeat(1024)
const IN_FLIGHT = [1, 64]

/** What a call of 1 KiB and an answer of 1 KiB cost on each of the ways that a call can take, against plain HTTP to the same kind of agent. */
export async function run(report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-bench-'))
  const processes: BenchProcess[] = []
  const swarms: Swarm[] = []
  const http = new HttpCaller()
  try {
    const cases = await prepare(dir, processes, swarms, http)
    for (const concurrency of IN_FLIGHT) {
      const named = cases.map((one) => ({ ...one, name: `${one.name}, ${concurrency} in flight` }))
      await compare(report, named, { ...DEFAULT_PACE, concurrency })
    }
  } finally {
    http.close()
    await Promise.allSettled(swarms.map((swarm) => swarm.stop()))
    await Promise.allSettled(processes.map((process) => process.stop()))
    await rm(dir, { recursive: true, force: true })
  }
}

/** Two domains, each with a gateway and an agent; callers of the first in this process. Everything else has a process of its own. */
async function prepare(dir: string, processes: BenchProcess[], swarms: Swarm[], http: HttpCaller): Promise<Case[]> {
  const started = async (starting: Promise<BenchProcess>): Promise<BenchProcess> => {
    const process = await starting
    processes.push(process)
    return process
  }
  const swarmOf = async (home: string): Promise<Swarm> => {
    const swarm = await joinSwarm({ home })
    swarms.push(swarm)
    return swarm
  }
  const server = (file: string): URL => new URL(`./servers/${file}.ts`, import.meta.url)

  const north = await foundDomain(dir, 'north')
  processes.push(north.gateway)
  const { invite } = await north.admin.call('swarmInvite', { ttlMs: 60_000 })
  const south = await foundDomain(dir, 'south', invite)
  processes.push(south.gateway)
  await interconnect(north, south)

  const plain = await started(startChild('agent', server('a2a-echo')))
  const near = await started(startChild('agent node', server('hansa-echo'), [await north.join('near')]))
  const far = await started(startChild('agent node', server('hansa-echo'), [await south.join('far')]))
  const beside = await started(startChild('agent node', server('hansa-beside'), [await south.join('plain'), plain.ready]))
  const direct = await swarmOf(await north.join('direct'))
  const relayed = await swarmOf(await north.join('relayed', 'gateway'))

  const door = `${north.run.ingress ?? ''}/agents/${beside.ready}/jsonrpc`
  await Promise.all([reached(direct, near.ready), reached(relayed, near.ready), reached(relayed, far.ready), patiently(() => http.send(door, TEXT))])

  const over = (swarm: Swarm, agent: string) => async (): Promise<void> => expect((await swarm.call(agent, TEXT)).text)
  const overHttp = (url: string) => async (): Promise<void> => expect(await http.send(url, TEXT))
  return [
    { name: 'HTTP', call: overHttp(`${plain.ready}/a2a`), processes: [plain] },
    // The gateway is the registration server too, which is asked for the agent's address.
    { name: 'node to node', call: over(direct, near.ready), processes: [north.gateway, near] },
    { name: 'one gateway', call: over(relayed, near.ready), processes: [north.gateway, near] },
    { name: 'two gateways', call: over(relayed, far.ready), processes: [north.gateway, south.gateway, far] },
    { name: 'HTTP, two gateways, HTTP', call: overHttp(door), processes: [north.gateway, south.gateway, beside, plain] }
  ]
}

function expect(text: string): void {
  if (text !== TEXT) throw new Error(`the answer is not the question: ${text.slice(0, 100)}`)
}
