import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seedToPem } from '../../../src/adapters/system/crypto.ts'
import type { NodeOperations } from '../../../src/admin/operations.ts'
import { type AdminServer, createAdminServer } from '../../../src/admin/server.ts'
import type { TaskStepView, TaskView } from '../../../src/admin/task-types.ts'
import { readAdminToken } from '../../../src/node/home/admin-token.ts'
import { createHome } from '../../../src/node/home/create-home.ts'
import { type HomeLock, lockHome } from '../../../src/node/home/home-lock.ts'
import { homePaths } from '../../../src/node/home/home-paths.ts'
import { generateSeed } from '../../../src/node/home/node-key.ts'
import { writeRunFile } from '../../../src/node/home/run-file.ts'
import { nodeOperations } from '../../support/admin-operations.ts'
import { type CliRun, runCli } from '../../support/cli.ts'
import { silentLog } from '../roles/agent/fakes.ts'

const step = (more: Partial<TaskStepView>): TaskStepView => ({
  ...{ id: 'fly', title: '', agent: 'travel/flight', after: [], inputs: {}, outputs: [], conditions: [], state: 'pending', attempts: [], files: [] },
  ...more
})
const attempt = { number: 1, agent: 'flight@north.example', messageId: 't.fly.1', idempotent: true, startedAt: 0 }
const view = (more: Partial<TaskView>): TaskView => ({
  ...{ id: 't', name: 'trip', state: 'in progress', createdAt: 0, counts: {}, planner: 'workflow', session: 's', steps: [], results: {}, explanation: [] },
  ...more
})
const failure = { code: 'OUTCOME_UNKNOWN', message: 'nobody knows', hint: 'See what it did.', metadata: {} }

describe('hansa task', () => {
  let dir: string
  let server: AdminServer | undefined
  let lock: HomeLock | undefined

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-task-'))
    await createHome(join(dir, 'home'), {
      config: 'domain: north.example\nname: node1\nroles: [ars]\nswarm: { key: public }\n',
      key: seedToPem(generateSeed())
    })
  })
  afterEach(async () => {
    await server?.stop()
    lock?.release()
    await rm(dir, { recursive: true, force: true })
  })

  async function serve(operations: Partial<NodeOperations>): Promise<(argv: string[], stdin?: string) => Promise<CliRun>> {
    const paths = homePaths(join(dir, 'home'))
    server = createAdminServer({
      operations: nodeOperations(operations),
      metrics: { text: async () => '', contentType: 'text/plain' },
      token: await readAdminToken(paths),
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      version: '0.1.0',
      log: silentLog
    })
    await server.start()
    lock = lockHome(paths)
    await writeRunFile(paths, { pid: process.pid, startedAt: 0, version: '0.1.0', spiffeId: 's', peer: 'p', admin: server.address(), swarm: [] })
    return (argv, stdin) => runCli(['task', ...argv, '--home', join(dir, 'home')], stdin === undefined ? {} : { stdin })
  }

  it('plan shows the way, as lines or as Mermaid, of a file or of standard input', async () => {
    const asked: object[] = []
    const hansa = await serve({
      taskPlan: async (request) => {
        asked.push(request)
        return { name: 'trip', planner: 'workflow', steps: [], explanation: ['because'], text: ['1. fly'], mermaid: 'flowchart TD\n  s0\n', graph: {} }
      }
    })
    const file = join(dir, 'trip.yaml')
    await writeFile(file, 'steps: {}')
    assert.equal((await hansa(['plan', file, '--given', '{"to":"Oslo"}'])).stdout, '1. fly\nbecause\n')
    assert.equal((await hansa(['plan', '-', '--mermaid'], 'want: [visa]')).stdout, 'flowchart TD\n  s0\n')
    assert.deepEqual(asked, [
      { source: 'steps: {}', file, given: { to: 'Oslo' } },
      { source: 'want: [visa]', file: 'standard input' }
    ])
    assert.match((await hansa(['plan', join(dir, 'none.yaml')])).stderr, /cannot read the file/)
    assert.match((await hansa(['plan', file, '--given', '[]'])).stderr, /JSON object/)
  })

  it('run watches to the end: a line for each thing that is new, then the results; 1 when it failed', async () => {
    let well = true
    const hansa = await serve({
      taskRun: async ({ id }) => view({ id: id ?? 't' }),
      async *taskWatch({ id }) {
        yield view({ id, steps: [step({})] })
        yield view({ id, steps: [step({ state: 'in progress', attempts: [attempt], progress: 'looking' })] })
        yield view({ id, steps: [step({ state: 'in progress', attempts: [attempt], progress: 'looking' })] })
        yield view({ id, steps: [step({ state: 'input required', attempts: [attempt], question: 'window\u001b[2J?' })] })
        const end = well ? step({ state: 'completed', attempts: [attempt], text: 'seat 4A' }) : step({ state: 'failed', attempts: [attempt], failure })
        yield view({ id, state: well ? 'completed' : 'failed', steps: [end], results: { seat: '4A' }, ...(well ? {} : { failure }) })
      }
    })
    const file = join(dir, 'trip.yaml')
    await writeFile(file, 'steps: {}')
    const good = await hansa(['run', file, '--id', 'oslo'])
    assert.equal(good.code, 0)
    assert.deepEqual(good.stdout.split('\n'), [
      'fly: flight@north.example works: looking',
      'fly: flight@north.example asks: window\ufffd[2J?  (hansa task answer oslo fly TEXT)',
      'fly: flight@north.example completed: seat 4A',
      'completed',
      'seat = 4A',
      ''
    ])
    well = false
    const bad = await hansa(['run', file])
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /fly: flight@north\.example failed: nobody knows \(OUTCOME_UNKNOWN\)\nfailed: nobody knows/)
    const json = await hansa(['run', file, '--json'])
    assert.equal(json.stdout.trim().split('\n').length, 5)
    assert.equal((await hansa(['run', file, '--detach', '--id', 'x'])).stdout, 'x\n')
  })

  it('list, show, cancel, resume and answer', async () => {
    const asked: object[] = []
    const told = async (request: object) => {
      asked.push(request)
      return view({ state: 'canceled' })
    }
    const hansa = await serve({
      taskList: async (request) => {
        asked.push(request)
        return { tasks: [{ id: 't', name: 'trip', state: 'failed', createdAt: 0, endedAt: 61_000, counts: { completed: 2, failed: 1 } }] }
      },
      taskShow: async () =>
        view({
          state: 'failed',
          failure,
          steps: [step({ state: 'failed', failure, attempts: [{ ...attempt, failure }], files: [{ name: 'a.pdf', mediaType: '', sha256: 'ab', size: 4 }] })]
        }),
      taskCancel: told,
      taskResume: told,
      taskAnswer: told
    })
    assert.match((await hansa(['list', '--state', 'failed'])).stdout, /t +failed +2 completed, 1 failed +1970-01-01T00:00:00Z +1m +trip/)
    assert.equal((await hansa(['list', '--state', 'odd'])).code, 2)
    const shown = (await hansa(['show', 't'])).stdout
    assert.match(shown, /try 1 at flight@north\.example: nobody knows \(OUTCOME_UNKNOWN\)/)
    assert.match(shown, /a\.pdf: ab \(4 bytes\)/)
    assert.equal((await hansa(['cancel', 't'])).stdout, 't canceled\n')
    assert.equal((await hansa(['resume', 't'])).stdout, 't canceled\n')
    assert.equal((await hansa(['answer', 't', 'fly', 'window', '--data', '{"row":4}'])).stdout, 't canceled\n')
    assert.match((await hansa(['answer', 't', 'fly'])).stderr, /nothing to say/)
    assert.deepEqual(asked, [{ state: 'failed' }, { id: 't' }, { id: 't' }, { id: 't', step: 'fly', text: 'window', data: { row: 4 } }])
  })

  it('file writes what an agent has put out', async () => {
    const hansa = await serve({ taskFile: async ({ sha256 }) => ({ sha256, size: 4, base64: Buffer.from('%PDF').toString('base64') }) })
    const path = join(dir, 'out.pdf')
    const hash = 'a'.repeat(64)
    assert.equal((await hansa(['file', hash, '--output', path])).stdout, `${path} (4 bytes)\n`)
    assert.equal(await readFile(path, 'utf8'), '%PDF')
    assert.match((await hansa(['file', hash])).stdout, /%PDF/)
    assert.equal((await hansa(['file', 'zz'])).code, 1)
  })
})
