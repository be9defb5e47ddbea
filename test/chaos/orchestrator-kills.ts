import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { seededRandom } from '../support/memory/random.ts'
import { until } from '../support/until.ts'
import { workGraph } from './work-graph.ts'

const WORKERS = 4
const STEPS = 20
const PATIENCE_MS = 60_000
const WARM_UP = ['first', 'second']

/** What a round was: when the orchestrator was killed, and how far its graph was by then. */
export interface Round {
  readonly round: number
  /** Milliseconds after the graph was begun. */
  readonly killedAt: number
  readonly finishedBefore: number
}

export interface KillsReport {
  readonly rounds: number
  readonly steps: number
  /** Messages that a worker took, in all. */
  readonly taken: number
  /** Rounds in which the kill came in the middle of the graph. */
  readonly inTheMiddle: number
}

/**
 * `kills` rounds: a graph of 20 steps is begun, and the process of the orchestrator is killed (SIGKILL) at a random point of it and started again. Throws when a
 * graph does not come to its one right result, when any message is worked on twice, or when a step is done more than once.
 */
export async function killOrchestrator(kills: number, seed: number, onRound: (round: Round) => void = () => undefined): Promise<KillsReport> {
  const random = seededRandom(seed)
  const hansa = new HansaProcesses()
  let workers: ChildProcess | undefined
  try {
    const hub = await hansa.node(await hansa.init('north', { domain: 'north.example' }))
    const log = hansa.path('work.log')
    workers = await startWorkers(hansa, hub, log)
    let boss = await hansa.node(await hansa.join(hub, ['agent'], 'boss'))
    await until(
      'all workers are found',
      async () => {
        // Until it has heard of its domain's servers it can ask nobody.
        const found = await boss.admin.call('find', { capabilities: ['chaos/work'] }).catch(() => undefined)
        return found?.hits.length === WORKERS
      },
      PATIENCE_MS
    )

    // How long a graph takes here once all are warm, so that kills fall on all of it.
    let span = 0
    for (const id of WARM_UP) {
      const { goal, total } = workGraph(id, STEPS, random)
      const begun = performance.now()
      await boss.admin.call('taskRun', { id, goal })
      await ended(boss, id, total)
      span = performance.now() - begun
    }

    let inTheMiddle = 0
    for (let round = 1; round <= kills; round++) {
      const id = `round-${round}`
      const { goal, total } = workGraph(id, STEPS, random)
      const killedAt = Math.round(random() * span)
      await boss.admin.call('taskRun', { id, goal })
      await sleep(killedAt)
      await hansa.kill(boss, 'SIGKILL')
      const finishedBefore = linesOf(log).filter((line) => line.startsWith('done ') && stepOf(line)[0] === id).length
      if (finishedBefore > 0 && finishedBefore < STEPS) inTheMiddle++
      onRound({ round, killedAt, finishedBefore })
      boss = await hansa.node(boss.home)
      await ended(boss, id, total)
    }
    return { rounds: kills, inTheMiddle, ...checkWork(linesOf(log), kills + WARM_UP.length) }
  } finally {
    if (workers !== undefined && workers.exitCode === null) {
      workers.kill('SIGKILL')
      await once(workers, 'exit')
    }
    await hansa.end()
  }
}

async function startWorkers(hansa: HansaProcesses, hub: NodeProcess, log: string): Promise<ChildProcess> {
  const homes: string[] = []
  for (let index = 0; index < WORKERS; index++) homes.push(await hansa.join(hub, ['agent'], `worker-${index}`))
  const output = openSync(`${log}.out`, 'a')
  const args = ['--disable-warning=ExperimentalWarning', resolve(import.meta.dirname, 'workers.ts'), log, ...homes]
  const env = { ...process.env, HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_LOG_LEVEL: 'silent' }
  const child = spawn(process.execPath, args, { stdio: ['ignore', output, output], env })
  closeSync(output)
  await until(
    'the workers are on the swarm',
    () => {
      if (child.exitCode !== null) assert.fail(`the workers ended: ${readFileSync(`${log}.out`, 'utf8')}`)
      return readFileSync(`${log}.out`, 'utf8').includes('ready')
    },
    PATIENCE_MS
  )
  return child
}

async function ended(boss: NodeProcess, id: string, total: number): Promise<void> {
  const task = await until(
    `${id} has ended`,
    async () => {
      const found = await boss.admin.call('taskShow', { id })
      return ['completed', 'failed', 'canceled'].includes(found.state) ? found : undefined
    },
    PATIENCE_MS
  )
  assert.equal(task.state, 'completed', `${id}: ${JSON.stringify(task.failure)}`)
  assert.equal(task.results['total'], total, `${id} came to another result`)
}

function linesOf(log: string): string[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

/** Run and step of a line; a message's ID is RUN.STEP.TRY. */
function stepOf(line: string): readonly [run: string, step: string] {
  const [run = '', step = ''] = (line.split(' ')[1] ?? '').split('.')
  return [run, step]
}

function checkWork(lines: readonly string[], runs: number): { steps: number; taken: number } {
  const begun = lines.filter((line) => line.startsWith('begun '))
  const done = lines.filter((line) => line.startsWith('done '))
  assert.equal(new Set(begun).size, begun.length, 'a message was worked on twice')
  const steps = done.map((line) => stepOf(line).join('.'))
  assert.equal(new Set(steps).size, steps.length, 'a step was done twice')
  assert.equal(steps.length, runs * STEPS, 'a step was not done')
  return { steps: steps.length, taken: begun.length }
}
