import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createTestnet } from '../../src/node/testnet.ts'
import type { MessageHandler } from '../../src/adapters/inprocess-agent/handler.ts'
import type { Metrics } from '../../src/ports/metrics.ts'
import type { Orchestrator } from '../../src/roles/agent/tasks/orchestrator.ts'
import { type TaskGraph, WorkState } from '../../src/schema/generated/hansa/v1/task_pb.ts'
import { graphOf, taskNode } from '../support/task-node.ts'
import { TaskWorld } from '../support/task-world.ts'
import { compare } from './frame/compare.ts'
import type { Report } from './frame/report.ts'

export const name = 'tasks'

const RUNS = 1_000
const STEPS = 20
const AGENTS = 50
const CAPABILITIES = 5

/**
 * Many graphs at a time over agents in this process, which cost nothing; what a step costs beside the call that it makes, through real nodes; then the many graphs over as
 * many real nodes, each with its agent, a gateway between.
 */
export async function run(report: Report): Promise<void> {
  await many(report)
  await overhead(report)
  await manyNodes(report)
}

async function many(report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-bench-tasks-'))
  const store = openStore(join(dir, 'node.db'))
  const world = new TaskWorld(systemClock)
  for (let index = 0; index < AGENTS; index++) {
    const fails = index % 10 === 9
    world.add({ handle: `agent${index}@north.example`, capability: `kind${index % CAPABILITIES}`, deed: () => (fails ? { end: 'failed' } : { plain: true }) })
  }
  let events = 0
  const count = (metric: string) => ({ inc: (_?: object, by = 1) => (metric === 'hansa_task_events_total' ? (events += by) : 0) })
  const metrics: Metrics = { counter: (metric) => count(metric) as ReturnType<Metrics['counter']>, gauge() {}, histogram: () => ({ observe() {} }) }
  const { tasks } = taskNode(world, systemClock, store, { metrics })
  try {
    await tasks.start()
    const graph = chain(STEPS, (index) => `kind${index % CAPABILITIES}`)
    const cpu = process.cpuUsage()
    const begin = performance.now()
    await Promise.all(Array.from({ length: RUNS }, (_, index) => tasks.run(graph, { id: `run${index}` })))
    // Watching each of them would cost more than they do.
    while (tasks.list().some(({ endedAt }) => endedAt === undefined)) await new Promise((resolve) => setTimeout(resolve, 200))
    const seconds = (performance.now() - begin) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    const what = `${RUNS} graphs of ${STEPS} steps, ${AGENTS} agents, one in ten fails`
    report.add(what, 'events', events / seconds, '1/s')
    report.add(what, 'steps', (RUNS * STEPS) / seconds, '1/s')
    report.add(what, 'cpu/event', (user + system) / events, 'us')
    report.add(what, 'cpu/step', (user + system) / (RUNS * STEPS), 'us')
    const twice = world.worked.length - new Set(world.worked).size
    report.add(what, 'worked on twice', twice, 'messages')
  } finally {
    await tasks.stop()
    store.close()
    await rm(dir, { recursive: true, force: true })
  }
}

async function overhead(report: Report): Promise<void> {
  await using net = await createTestnet({ env: { HANSA_LIMITS_DISCOVERY: '900000/min' } })
  const north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
  const echo = await net.agent(north, 'echo', { capabilities: ['echo'], handler: (_, { text }) => text })
  const desk = await net.join(north, { name: 'desk', roles: ['agent'] })
  const one = chain(1, () => 'echo')
  const ten = chain(10, () => 'echo')
  await compare(report, [
    { name: 'a call through a gateway', processes: [], call: async () => void (await desk.swarm.send(echo.handle, 'hello')) },
    { name: 'a task of one step', processes: [], call: () => ended(desk.tasks, one) },
    { name: 'a task of ten steps in a chain', processes: [], call: () => ended(desk.tasks, ten) }
  ])
}

async function manyNodes(report: Report): Promise<void> {
  await using net = await createTestnet({ heartbeatMs: 10_000, env: { HANSA_LIMITS_DISCOVERY: '900000/min', HANSA_LIMITS_CALL: '900000/min' } })
  const north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
  const taken = new Map<string, number>()
  for (let index = 0; index < AGENTS; index++) {
    const handler: MessageHandler = ({ messageId }) => {
      taken.set(messageId, (taken.get(messageId) ?? 0) + 1)
      if (index % 10 === 9) throw new Error('one in ten')
      return 'done'
    }
    await net.agent(north, `agent${index}`, { capabilities: [`kind${index % CAPABILITIES}`], handler, env: { HANSA_AGENT_IDEMPOTENT: 'true' } })
  }
  const { tasks, metrics } = await net.join(north, { name: 'desk', roles: ['agent'] })
  const graph = chain(STEPS, (index) => `kind${index % CAPABILITIES}`)
  const cpu = process.cpuUsage()
  const begin = performance.now()
  await Promise.all(Array.from({ length: RUNS }, (_, index) => tasks.run(graph, { id: `run${index}` })))
  while (tasks.list().some(({ endedAt }) => endedAt === undefined)) await new Promise((resolve) => setTimeout(resolve, 200))
  const seconds = (performance.now() - begin) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const events = Number(/^hansa_task_events_total (\d+)/m.exec(await metrics.text())?.[1])
  const what = `the same over ${AGENTS} nodes with an agent each, a gateway between, all in this process`
  report.add(what, 'completed', tasks.list().filter(({ state }) => state === WorkState.COMPLETED).length, 'tasks')
  report.add(what, 'events', events / seconds, '1/s')
  report.add(what, 'steps', (RUNS * STEPS) / seconds, '1/s')
  report.add(what, 'cpu/step', (user + system) / (RUNS * STEPS), 'us')
  report.add(what, 'worked on twice', [...taken.values()].filter((times) => times > 1).length, 'messages')
}

function chain(steps: number, kind: (index: number) => string): TaskGraph {
  return graphOf(
    Array.from({ length: steps }, (_, index) => ({ id: `s${index}`, does: kind(index), attempts: 5, after: index === 0 ? [] : [`s${index - 1}`] }))
  )
}

async function ended(tasks: Orchestrator, graph: TaskGraph): Promise<void> {
  const run = await tasks.run(graph)
  let last = run
  for await (const snapshot of tasks.watch(run.id, new AbortController().signal)) last = snapshot
  if (last.error !== undefined || last.endedAt === 0n) throw new Error(`task ${run.id}: ${last.error?.message ?? 'has not ended'}`)
}
