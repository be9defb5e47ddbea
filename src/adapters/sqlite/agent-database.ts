import { fromBinary, toBinary } from '@bufbuild/protobuf'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { AgentDatabase, AgentEntry, Criteria } from '../../ports/agent-database.ts'
import { AgentRecordSchema, AgentStatus, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type AgentStatusEntry, AgentStatuses } from './agent-statuses.ts'
import { agentSchema } from './agent-schema.ts'
import { selectAgents } from './agent-select.ts'
import { GroupCommit } from './group-commit.ts'
import { openFile, storeFailed } from './open-file.ts'
import { termsOf } from './terms.ts'

/** Rows read at a time by `all`, so that its reader may write between two pages. */
const PAGE = 256

/** An AgentDatabase that must be closed. */
export interface FileAgentDatabase extends AgentDatabase {
  /** Commits what is written, statuses included, and closes the file. */
  close(): void
}

export interface AgentDatabaseOptions {
  /** Words of a text as search compares them (core/directory/words.ts). */
  readonly words: (text: string) => string[]
}

/** Opens or makes the Agent Database (draft 2.3) in one SQLite file. Throws STORE_FAILED naming the file. */
export function openAgentDatabase(path: string, options: AgentDatabaseOptions): FileAgentDatabase {
  const db = openFile(path, agentSchema)
  try {
    return new SqliteAgentDatabase(db, path, options)
  } catch (thrown) {
    db.close()
    throw storeFailed(path, thrown)
  }
}

interface Row {
  readonly rid: number
  readonly record: Uint8Array
  readonly signed: Uint8Array
  readonly description: Uint8Array
}

class SqliteAgentDatabase implements FileAgentDatabase {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #words: (text: string) => string[]
  readonly #group: GroupCommit
  readonly #statuses = new AgentStatuses()
  readonly #sql: Record<
    'byId' | 'byRid' | 'page' | 'insert' | 'update' | 'delete' | 'addTerm' | 'dropTerms' | 'addText' | 'dropText' | 'status' | 'count',
    StatementSync
  >

  constructor(db: DatabaseSync, path: string, { words }: AgentDatabaseOptions) {
    this.#db = db
    this.#path = path
    this.#words = words
    this.#group = new GroupCommit(db, path, () => this.#writeStatuses())
    this.#sql = {
      byId: db.prepare('SELECT rid, record, signed, description FROM agents WHERE id = ?'),
      byRid: db.prepare('SELECT rid, record, signed, description FROM agents WHERE rid = ?'),
      page: db.prepare('SELECT id, rid, record, signed, description FROM agents WHERE id > ? ORDER BY id LIMIT ?'),
      insert: db.prepare('INSERT INTO agents (id, registered, record, signed, description) VALUES (?, ?, ?, ?, ?)'),
      update: db.prepare('UPDATE agents SET registered = ?, record = ?, signed = ?, description = ? WHERE rid = ?'),
      delete: db.prepare('DELETE FROM agents WHERE rid = ?'),
      addTerm: db.prepare('INSERT INTO terms (term, rid) VALUES (?, ?)'),
      dropTerms: db.prepare('DELETE FROM terms WHERE term = ? AND rid = ?'),
      addText: db.prepare('INSERT INTO texts (rowid, body) VALUES (?, ?)'),
      dropText: db.prepare('DELETE FROM texts WHERE rowid = ?'),
      status: db.prepare('UPDATE agents SET gateway = ?, status_at = ? WHERE rid = ?'),
      count: db.prepare('SELECT count(*) AS n FROM agents')
    }
    for (const row of db.prepare('SELECT rid, gateway, status_at FROM agents').iterate())
      this.#statuses.load(Number(row['rid']), { status: AgentStatus.UNKNOWN, gateway: String(row['gateway']), statusAt: Number(row['status_at']) })
  }

  put(entry: AgentEntry): void {
    const { record, signed, description, status, gateway, statusAt } = entry
    const registered = record.state === RecordState.REGISTERED
    this.#group.write(() => {
      const bytes = toBinary(AgentRecordSchema, record)
      const old = this.#row(record.resourceId)
      if (old !== undefined) this.#unindex(old)
      const rid = old?.rid ?? Number(this.#sql.insert.run(record.resourceId, registered ? 1 : 0, bytes, signed, description).lastInsertRowid)
      if (old !== undefined) this.#sql.update.run(registered ? 1 : 0, bytes, signed, description, rid)
      if (registered) {
        for (const term of termsOf(record)) this.#sql.addTerm.run(term, rid)
        this.#sql.addText.run(rid, this.#text(record))
      }
      this.#statuses.set(rid, { status, gateway, statusAt })
    })
  }

  get(resourceId: string): AgentEntry | undefined {
    return this.#read(() => {
      const row = this.#row(resourceId)
      return row && this.#entry(row)
    })
  }

  delete(resourceId: string): void {
    this.#group.write(() => {
      const row = this.#row(resourceId)
      if (row === undefined) return
      this.#unindex(row)
      this.#sql.delete.run(row.rid)
      this.#statuses.delete(row.rid)
    })
  }

  setStatus(resourceId: string, status: AgentStatus, gateway: string, at: number): void {
    const row = this.#read(() => this.#row(resourceId))
    if (row !== undefined) this.#statuses.set(row.rid, { status, gateway, statusAt: at })
  }

  query(criteria: Criteria): { readonly entries: AgentEntry[]; readonly total: number } {
    return this.#read(() => {
      const rids = selectAgents(this.#db, criteria)
      const online = rids.filter((rid) => this.#statuses.get(rid).status === AgentStatus.ONLINE)
      const rest = criteria.onlineOnly ? [] : rids.filter((rid) => this.#statuses.get(rid).status !== AgentStatus.ONLINE)
      const best = [...online, ...rest].slice(0, criteria.limit)
      const rows = best.flatMap((rid) => (this.#sql.byRid.get(rid) as Row | undefined) ?? [])
      return { entries: rows.map((row) => this.#entry(row)), total: online.length + rest.length }
    })
  }

  *all(): Iterable<AgentEntry> {
    let after = ''
    for (;;) {
      const rows = this.#read(() => this.#sql.page.all(after, PAGE))
      for (const row of rows) yield this.#entry(row as unknown as Row)
      if (rows.length < PAGE) return
      after = String(rows.at(-1)?.['id'])
    }
  }

  count(): number {
    return this.#read(() => Number(this.#sql.count.get()?.['n']))
  }

  commit(): Promise<void> {
    return this.#group.commit()
  }

  close(): void {
    if (!this.#db.isOpen) return
    // Statuses alone open no transaction; an empty write does, and takes them along.
    this.#group.write(() => undefined)
    this.#group.flush()
    this.#db.close()
  }

  #row(resourceId: string): Row | undefined {
    return this.#sql.byId.get(resourceId) as Row | undefined
  }

  #entry(row: Row): AgentEntry {
    const status: AgentStatusEntry = this.#statuses.get(row.rid)
    return { record: fromBinary(AgentRecordSchema, row.record), signed: row.signed, description: row.description, ...status }
  }

  #unindex(row: Row): void {
    const record = fromBinary(AgentRecordSchema, row.record)
    for (const term of termsOf(record)) this.#sql.dropTerms.run(term, row.rid)
    this.#sql.dropText.run(row.rid)
  }

  #text(record: AgentEntry['record']): string {
    const name = record.resourceId.slice(record.resourceId.lastIndexOf(':') + 1)
    return this.#words([record.name, name, ...record.capabilities, record.description].join(' ')).join(' ')
  }

  #writeStatuses(): void {
    for (const [rid, { gateway, statusAt }] of this.#statuses.takeChanged()) this.#sql.status.run(gateway, statusAt, rid)
  }

  #read<T>(fn: () => T): T {
    try {
      return fn()
    } catch (thrown) {
      throw storeFailed(this.#path, thrown)
    }
  }
}
