import assert from 'node:assert/strict'
import { create, type DescMessage, type JsonObject, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import { toHansaError } from '../../src/schema/errors.ts'
import * as a2a from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../src/wire/operations.ts'
import { CALLERS, foundMatrix, type Invoke, type MatrixWorld, NAMES, say, TARGETS } from '../support/matrix-world.ts'

/** What differs between any two calls. */
const PASSING = new Set(['id', 'taskId', 'contextId', 'messageId', 'timestamp'])

function lasting(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(lasting)
  if (typeof value !== 'object' || value === null) return value
  // A task's history repeats what was asked; agents keep it or not as they like on each binding.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !PASSING.has(key) && key !== 'history')
      .map(([key, inner]) => [key, lasting(inner)])
  )
}

async function collect(answers: AsyncIterable<Message>, schema: DescMessage): Promise<JsonValue[]> {
  const all: JsonValue[] = []
  for await (const answer of answers) all.push(lasting(toJson(schema, answer)))
  return all
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (thrown: unknown) => toHansaError(thrown).code
  )
}

const WORK = {
  unary: (invoke: Invoke) => collect(invoke(operations.SendMessage, say('hello')), a2a.SendMessageResponseSchema),
  streaming: (invoke: Invoke) => collect(invoke(operations.SendStreamingMessage, say('3')), a2a.StreamResponseSchema),
  async cancel(invoke: Invoke) {
    const events = invoke(operations.SendStreamingMessage, say('wait'))[Symbol.asyncIterator]()
    const first = (await events.next()).value as a2a.StreamResponse
    const { payload } = first
    const id = payload.case === 'task' ? payload.value.id : payload.case === 'statusUpdate' ? payload.value.taskId : ''
    assert.notEqual(id, '', `no task: ${payload.case ?? 'nothing'}`)
    const [task] = await collect(invoke(operations.CancelTask, create(a2a.CancelTaskRequestSchema, { id })), a2a.TaskSchema)
    let last = first
    for (let next = await events.next(); !next.done; next = await events.next()) last = next.value as a2a.StreamResponse
    // How much of an answer there was before the end is a matter of time.
    const { artifacts: _, ...ended } = task as JsonObject
    return [ended, lasting(toJson(a2a.StreamResponseSchema, last))]
  },
  async error(invoke: Invoke) {
    const unknown = create(a2a.GetTaskRequestSchema, { id: '7d444840-9dc0-11d1-b245-5ffdce74fad2' })
    return [await failure(collect(invoke(operations.GetTask, unknown), a2a.TaskSchema))]
  }
} satisfies Record<string, (invoke: Invoke) => Promise<JsonValue[]>>
const KINDS = Object.keys(WORK) as (keyof typeof WORK)[]

/** Dual translation of protocols (draft 2.5, 3.3.2): whatever the caller speaks and whatever the agent speaks, the results are those of a direct call. */
everyPair('every protocol in, every protocol out, through two gateways', {})
everyPair('the same where the nodes of the agents work on no message twice', { HANSA_AGENT_IDEMPOTENT: 'true' })

function everyPair(title: string, env: Readonly<Record<string, string>>): void {
  describe(title, function () {
    this.timeout(60_000)
    let world: MatrixWorld
    const results = new Map<string, boolean>()
    before(async () => {
      world = await foundMatrix({ env, heartbeatMs: 500 })
    })
    after(async () => {
      await world.stop()
      console.log(table(results))
    })

    for (const target of TARGETS)
      for (const caller of CALLERS)
        for (const kind of KINDS)
          it(`${caller} to ${target}: ${kind}`, async () => {
            const key = `${caller} ${target} ${kind}`
            results.set(key, false)
            const [straight, through] = [world.direct.get(target), world.callers.get(caller)?.(`${NAMES[target]}@south.example`)]
            assert.ok(straight !== undefined && through !== undefined)
            const wanted = await WORK[kind](straight)
            const got = await WORK[kind](through)
            assert.deepEqual(got, wanted)
            assert.ok(wanted.length > 0 && (kind !== 'error' || wanted[0] === 'TASK_NOT_FOUND'), JSON.stringify(wanted))
            results.set(key, true)
          })
  })
}

/** One row for each caller, one column for each target: u(nary) s(treaming) c(ancel) e(rror), a dash for what did not hold. */
function table(results: ReadonlyMap<string, boolean>): string {
  const cell = (caller: string, target: string): string => KINDS.map((kind) => (results.get(`${caller} ${target} ${kind}`) === true ? kind[0] : '-')).join('')
  const rows = CALLERS.map((caller) => [caller, ...TARGETS.map((target) => cell(caller, target))])
  const lines = [['in \\ out', ...TARGETS], ...rows].map((row) => row.map((text) => text.padEnd(11)).join(' '))
  return `\n${lines.join('\n')}\n(u unary, s streaming, c cancel, e error: as a direct call)`
}
