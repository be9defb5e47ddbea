import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { sha256 } from '../../../../../src/adapters/system/crypto.ts'
import type { ResponseStream } from '../../../../../src/roles/agent/swarm-client.ts'
import type { AttemptDeps, AttemptWork } from '../../../../../src/roles/agent/tasks/attempt-deps.ts'
import { Calls } from '../../../../../src/roles/agent/tasks/calls.ts'
import { Slots } from '../../../../../src/roles/agent/tasks/slots.ts'
import { TaskReading } from '../../../../../src/roles/agent/tasks/task-reading.ts'
import { StreamResponseSchema, TaskState } from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'

/** One attempt at an agent that says that it has completed; `after` is what its stream does then. */
function attempt(after: () => Promise<void>) {
  const seen = { end: false, left: false }
  async function* responses() {
    try {
      yield create(StreamResponseSchema, { payload: { case: 'task', value: { id: 't1', status: { state: TaskState.COMPLETED } } } })
      await after()
      seen.end = true
    } finally {
      seen.left = true
    }
  }
  const stream: ResponseStream = { [Symbol.asyncIterator]: responses, hops: [], direct: true, translations: [], receipt: undefined }
  const clock = new FakeClock()
  const deps = { swarm: { stream: () => stream }, clock, sha256, random: () => 0, slots: new Slots(1) } as unknown as AttemptDeps
  const work = { agent: 'flight@north.example', streaming: true, idempotent: false, timeoutMs: 60_000 } as AttemptWork
  const reading = new TaskReading()
  return { clock, seen, reading, calls: new Calls(deps, work, reading, () => undefined, new AbortController().signal) }
}

describe('the calls of an attempt', () => {
  it('are read to their ends, so that nothing has to be cut on the way', async () => {
    const { calls, seen, reading } = attempt(async () => undefined)
    await calls.send({ messageId: 'm1', parts: [] })
    assert.deepEqual([reading.settled, seen.end], [true, true])
  })

  it('do not wait long for a stream that stays open behind its last word', async () => {
    const { calls, clock, seen, reading } = attempt(() => new Promise(() => undefined))
    let sent = false
    const sending = calls.send({ messageId: 'm1', parts: [] }).then(() => (sent = true))
    await clock.advance(900)
    assert.deepEqual([reading.settled, sent], [true, false])
    await clock.advance(200)
    await sending
    assert.equal(seen.end, false)
  })
})
