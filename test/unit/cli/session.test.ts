import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeOperations } from '../../../src/admin/operations.ts'
import { type AdminServer, createAdminServer } from '../../../src/admin/server.ts'
import { seedToPem } from '../../../src/adapters/system/crypto.ts'
import { createHome } from '../../../src/node/home/create-home.ts'
import { generateSeed } from '../../../src/node/home/node-key.ts'
import { readAdminToken } from '../../../src/node/home/admin-token.ts'
import { type HomeLock, lockHome } from '../../../src/node/home/home-lock.ts'
import { homePaths } from '../../../src/node/home/home-paths.ts'
import { writeRunFile } from '../../../src/node/home/run-file.ts'
import type { Log } from '../../../src/ports/log.ts'
import { nodeOperations } from '../../support/admin-operations.ts'
import { type CliRun, runCli } from '../../support/cli.ts'

const session = {
  id: 'c1',
  peer: 'hotel@south.example',
  title: 'a twin \u001b[2Jroom',
  createdAt: 0,
  updatedAt: 60_000,
  entries: 2,
  bytes: 300,
  dropped: 1,
  head: 'ab'
}
const entry = {
  sequence: 2,
  at: 1000,
  from: 'spiffe://north.example/agent/anna',
  to: 'hotel@south.example',
  sent: true,
  kind: 'task' as const,
  state: 'TASK_STATE_COMPLETED',
  text: 'booked\nfor two',
  language: 'en',
  translations: [{ gateway: 'g', from: 'de', to: 'en', engine: 'memory', reply: false }],
  hops: [{ gateway: 'spiffe://north.example/agw/gw', ms: 2 }],
  hash: 'aa',
  digest: 'bb',
  content: null
}

describe('hansa session', () => {
  let dir: string
  let home: string
  let server: AdminServer | undefined
  let lock: HomeLock | undefined
  const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-cli-'))
    home = join(dir, 'home')
    await createHome(home, { config: 'domain: north.example\nname: node1\nroles: [ars]\nswarm: { key: public }\n', key: seedToPem(generateSeed()) })
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    lock?.release()
    lock = undefined
    await rm(dir, { recursive: true, force: true })
  })

  async function serve(operations: Partial<NodeOperations>): Promise<(...argv: string[]) => Promise<CliRun>> {
    const paths = homePaths(home)
    server = createAdminServer({
      operations: nodeOperations(operations),
      metrics: { text: async () => '', contentType: 'text/plain' },
      token: await readAdminToken(paths),
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      version: '0.1.0',
      log
    })
    await server.start()
    lock = lockHome(paths)
    await writeRunFile(paths, { pid: process.pid, startedAt: 0, version: '0.1.0', spiffeId: 's', peer: 'p', admin: server.address(), swarm: [] })
    return (...argv) => runCli(['session', ...argv, '--home', home])
  }

  it('list hands the words over and shows one line for each', async () => {
    let asked: object = {}
    const hansa = await serve({
      sessionList: async (request) => {
        asked = request
        return { sessions: [session], complete: false }
      }
    })
    const { code, stdout } = await hansa('list', '--text', 'twin room', '--peer', 'hotel')
    assert.equal(code, 0)
    assert.deepEqual(asked, { text: 'twin room', peer: 'hotel', limit: '50' })
    assert.match(stdout, /c1 +hotel@south\.example +1970-01-01T00:01:00Z +2 +a twin/)
    assert.match(stdout, /more to search/)
    assert.ok(!stdout.includes('\u001b'))
    assert.deepEqual(JSON.parse((await hansa('list', '--json')).stdout), { sessions: [session], complete: false })
  })

  it('show prints who said what, how it came, and what is not kept', async () => {
    let asked: object = {}
    const hansa = await serve({
      sessionShow: async (request) => {
        asked = request
        return { session, entries: [entry] }
      }
    })
    const { code, stdout } = await hansa('show', 'c1', '--limit', '5')
    assert.equal(code, 0)
    assert.deepEqual(asked, { id: 'c1', limit: '5' })
    assert.match(stdout, /1 older ones are not kept/)
    assert.match(
      stdout,
      /2 {2}1970-01-01T00:00:01Z {2}spiffe:\/\/north\.example\/agent\/anna to hotel@south\.example {2}task completed\n {2}booked\n {2}for two\n/
    )
    assert.match(stdout, /translated de to en by memory at g\n {2}via spiffe:\/\/north\.example\/agw\/gw \(2\.0 ms\)/)
  })

  it('export prints lines, or writes them to a file that was not there, for its owner only', async () => {
    const hansa = await serve({
      async *sessionExport({ format }) {
        yield { line: `{"format":"${format}"}` }
        yield { line: '{}' }
      }
    })
    assert.equal((await hansa('export', 'c1')).stdout, '{"format":"jsonl"}\n{}\n')
    assert.equal((await hansa('export', 'c1', '--format', 'markdown')).stdout, '{"format":"markdown"}\n{}\n')
    const file = join(dir, 'log.jsonl')
    assert.equal((await hansa('export', 'c1', '--output', file)).stdout, `2 lines in ${file}\n`)
    assert.equal(await readFile(file, 'utf8'), '{"format":"jsonl"}\n{}\n')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const again = await hansa('export', 'c1', '--output', file)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /INVALID_ARGUMENT/)
    assert.equal((await hansa('export', 'c1', '--format', 'pdf')).code, 2)
  })

  it('verify ends with 1 for a session that was changed', async () => {
    let broken = false
    const hansa = await serve({ sessionVerify: async ({ id }) => ({ id, ok: !broken, entries: 2, head: 'ab', ...(broken ? { firstBroken: 2 } : {}) }) })
    const good = await hansa('verify', 'c1')
    assert.deepEqual([good.code, good.stdout], [0, 'unchanged: 2 entries up to ab\n'])
    broken = true
    const bad = await hansa('verify', 'c1')
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /changed: entry 2 /)
  })

  it('compare hands the file over, and ends with 1 where the logs differ', async () => {
    let other = ''
    const found = { same: true, matched: 2, onlyHere: [] as number[], onlyThere: [] as number[], translated: [1], otherOk: true }
    const hansa = await serve({
      sessionCompare: async (request) => {
        other = request.other
        return found
      }
    })
    const file = join(dir, 'theirs.jsonl')
    await writeFile(file, 'their lines')
    const same = await hansa('compare', 'c1', file)
    assert.deepEqual([same.code, other], [0, 'their lines'])
    assert.match(same.stdout, /the same: 2 entries match\nother words, because translated on the way: 1\n/)
    Object.assign(found, { same: false, onlyHere: [2, 3], otherOk: false })
    const different = await hansa('compare', 'c1', file)
    assert.equal(different.code, 1)
    assert.match(different.stdout, /only here: 2, 3\nthe other party's log was changed/)
    assert.match((await hansa('compare', 'c1', join(dir, 'none'))).stderr, /NOT_FOUND/)
  })

  it('delete says what is gone', async () => {
    const hansa = await serve({ sessionDelete: async ({ id }) => ({ id }) })
    assert.equal((await hansa('delete', 'c1')).stdout, 'deleted c1\n')
  })

  it('is completed', async () => {
    const { stdout } = await runCli(['completion', 'fish'])
    for (const command of ['list', 'show', 'export', 'verify', 'compare', 'delete']) assert.ok(stdout.includes(`'hansa session ${command}'`), command)
  })
})
