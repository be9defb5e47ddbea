import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { create } from '@bufbuild/protobuf'
import { openAgentDatabase } from '../../../../src/adapters/sqlite/agent-database.ts'
import { openStore } from '../../../../src/adapters/sqlite/store.ts'
import { words } from '../../../../src/core/directory/words.ts'
import { AgentRecordSchema, AgentStatus, RecordState } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'

const ID = 'urn:air:north.example:agent:a'
const value = new TextEncoder().encode('x')

describe('adapters/sqlite: durability', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hansa-sqlite-'))
    path = join(folder, 'file.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('loses nothing that was acknowledged when its process is killed', async () => {
    const acknowledged = new Set<string>()
    for (let round = 0; round < 3; round++) {
      for (const name of await writeUntilKilled(path, round)) acknowledged.add(name)
      const database = openAgentDatabase(path, { words })
      const missing = [...acknowledged].filter((name) => database.get(`urn:air:north.example:agent:${name}`) === undefined)
      assert.deepEqual(missing, [])
      // The indexes were written in the same transactions.
      const { total } = database.query({ words: ['flight'], capabilities: ['travel'], outputs: [], onlineOnly: false, limit: 1 })
      assert.equal(total, database.count())
      database.close()
      const check = new DatabaseSync(path).prepare('PRAGMA integrity_check').get()
      assert.equal(check?.['integrity_check'], 'ok')
    }
    assert.ok(acknowledged.size >= 60, `only ${acknowledged.size} acknowledged`)
  }).timeout(20_000)

  it('commits of one turn share one transaction, and who did not commit is taken along', async () => {
    const store = openStore(path)
    const reader = new DatabaseSync(path, { readOnly: true })
    const count = () => reader.prepare('SELECT count(*) AS n FROM entries').get()?.['n']
    store.put('t', 'a', value)
    const first = store.commit()
    store.put('t', 'b', value)
    const second = store.commit()
    store.put('t', 'c', value)
    assert.equal(count(), 0)
    await first
    assert.equal(count(), 3)
    await second
    reader.close()
    store.close()
  })

  it('rejects everybody who waits when a commit fails, and keeps nothing since the last one', async () => {
    const store = openStore(path)
    store.put('t', 'kept', value)
    await store.commit()
    // Another writer makes COMMIT impossible in a way that needs no full disk: the table's rows are refused when the transaction ends.
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)')
    other.exec("CREATE TRIGGER bad AFTER INSERT ON entries WHEN new.key = 'bad' BEGIN INSERT INTO child VALUES (1); END")
    other.close()
    store.put('t', 'good', value)
    const waiting = [store.commit(), store.commit()]
    store.put('t', 'bad', value)
    for (const commit of waiting) await assert.rejects(commit, { code: 'STORE_FAILED' })
    assert.equal(store.get('t', 'good'), undefined)
    store.put('t', 'later', value)
    await store.commit()
    assert.deepEqual(
      [...store.entries('t')].map(([key]) => key),
      ['kept', 'later']
    )
    store.close()
  })

  it('tells the writers whose writes were lost with the failed write of another', async () => {
    const store = openStore(path)
    const other = new DatabaseSync(path)
    other.exec("CREATE TRIGGER bad BEFORE INSERT ON entries WHEN new.key = 'bad' BEGIN SELECT raise(ABORT, 'no'); END")
    other.close()
    store.put('t', 'a', value)
    assert.throws(() => store.put('t', 'bad', value), { code: 'STORE_FAILED' })
    await assert.rejects(store.commit(), { code: 'STORE_FAILED' })
    assert.equal(store.get('t', 'a'), undefined)
    await store.commit()
    store.close()
  })

  it('knows after a restart who held an agent, but not how the agent is', async () => {
    const first = openAgentDatabase(path, { words })
    const record = create(AgentRecordSchema, { resourceId: ID, state: RecordState.REGISTERED })
    first.put({ record, signed: value, description: value, status: AgentStatus.ONLINE, gateway: 'gw1', statusAt: 5 })
    await first.commit()
    first.setStatus(ID, AgentStatus.ONLINE, 'gw2', 6)
    first.close()
    const second = openAgentDatabase(path, { words })
    const { status, gateway, statusAt } = second.get(ID) ?? {}
    assert.deepEqual([status, gateway, statusAt], [AgentStatus.UNKNOWN, 'gw2', 6])
    second.close()
  })

  it('refuses a damaged file, one of another kind and one of a newer version, naming it', () => {
    writeFileSync(path, 'this is no database, but it is long enough to be taken for one'.repeat(100))
    const named = (error: Error & { code?: string }) => error.code === 'STORE_FAILED' && error.message.includes(path)
    assert.throws(() => openStore(path), named)
    rmSync(path)
    openStore(path).close()
    assert.throws(() => openAgentDatabase(path, { words }), named)
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    assert.throws(() => openStore(path), named)
    assert.throws(() => openStore(join(folder, 'missing', 'file.db')), { code: 'STORE_FAILED' })
  })

  it('makes files that only their owner can read', () => {
    openStore(path).close()
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })
})

/** Starts a writer, kills it without warning after some commits, and gives back what it had acknowledged. */
async function writeUntilKilled(path: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), path, `r${round}-`], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.split('\n').length > 30) child.kill('SIGKILL')
    })
    child.on('close', resolve)
  })
  // The last line may be cut.
  return text.split('\n').slice(0, -1)
}
