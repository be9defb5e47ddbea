import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { TaskReading } from '../../../../../src/roles/agent/tasks/task-reading.ts'
import { type PartSchema, StreamResponseSchema, TaskSchema, TaskState } from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'

type Part = MessageInitShape<typeof PartSchema>

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const text = (value: string): Part => ({ content: { case: 'text', value } })
const data = (fields: Record<string, string>): Part => ({
  content: {
    case: 'data',
    value: {
      kind: {
        case: 'structValue',
        value: { fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, { kind: { case: 'stringValue', value } }])) }
      }
    }
  }
})
const status = (state: TaskState, words?: string) =>
  create(StreamResponseSchema, {
    payload: { case: 'statusUpdate', value: { taskId: 't', status: { state, ...(words === undefined ? {} : { message: { parts: [text(words)] } }) } } }
  })
const artifact = (artifactId: string, parts: Part[], append = false) =>
  create(StreamResponseSchema, { payload: { case: 'artifactUpdate', value: { taskId: 't', artifact: { artifactId, parts }, append } } })

describe("an agent's answer, read piece by piece", () => {
  it('puts artifacts together, and words of the last state only where there are no others', () => {
    const reading = new TaskReading()
    reading.take(status(TaskState.WORKING, 'looking'))
    assert.deepEqual([reading.taskId, reading.progress, reading.settled], ['t', 'looking', false])
    reading.take(artifact('a', [text('seat ')]))
    reading.take(artifact('a', [text('4A'), data({ seat: '4A' })], true))
    reading.take(artifact('b', [text('draft')]))
    reading.take(artifact('b', [text('row 4')]))
    reading.take(status(TaskState.COMPLETED, 'have a good flight'))
    const { output, files } = reading.output(sha256)
    assert.deepEqual([reading.settled, output.text, output.data, files.size], [true, 'seat 4A\nrow 4', { seat: '4A' }, 0])
    const bare = new TaskReading()
    bare.take(status(TaskState.COMPLETED, 'booked'))
    assert.equal(bare.output(sha256).output.text, 'booked')
  })

  it('a message is a completed answer; later data go over earlier, and no key of data does harm', () => {
    const reading = new TaskReading()
    reading.take(
      create(StreamResponseSchema, {
        payload: { case: 'message', value: { parts: [text('yes'), data({ a: '1', b: '1' }), data({ b: '2', ['__proto__']: 'x' })] } }
      })
    )
    const { data: got } = reading.output(sha256).output
    assert.equal(reading.state, TaskState.COMPLETED)
    assert.deepEqual(
      Object.entries(got ?? {}).filter(([key]) => key !== '__proto__'),
      [
        ['a', '1'],
        ['b', '2']
      ]
    )
    assert.equal(({} as { x?: string }).x, undefined)
  })

  it('counts everything that it keeps: names of artifacts, and what stands beside the words of a part', () => {
    const long = 'x'.repeat(1024 * 1024)
    for (const piece of [
      (at: number) => artifact(`${at}${long}`, []),
      (at: number) => artifact(String(at), [{ ...text('x'), filename: long }]),
      (at: number) => artifact(String(at), [{ ...text('x'), metadata: { note: long } }])
    ]) {
      const reading = new TaskReading()
      const fill = (): void => {
        for (let at = 0; at < 65; at++) reading.take(piece(at))
      }
      assert.throws(fill, { code: 'FRAME_TOO_LARGE' })
    }
    const many = new TaskReading()
    assert.throws(
      () => {
        for (let at = 0; at <= 10_000; at++) many.take(artifact(String(at), []))
      },
      { code: 'FRAME_TOO_LARGE' }
    )
  })

  it('a question is no larger than what a step keeps', () => {
    const asking = (words: string): TaskReading => {
      const reading = new TaskReading()
      reading.take(status(TaskState.INPUT_REQUIRED, words))
      return reading
    }
    assert.equal(asking('which seat?').question().parts.length, 1)
    assert.throws(() => asking('x'.repeat(1024 * 1024 + 1)).question(), { code: 'FRAME_TOO_LARGE' })
  })

  it('files are named by hash; the same twice is kept once; URLs stay what they are', () => {
    const reading = new TaskReading()
    const raw = (filename: string): Part => ({ content: { case: 'raw', value: Uint8Array.of(1, 2) }, filename })
    reading.take(
      create(StreamResponseSchema, {
        payload: { case: 'message', value: { parts: [raw('a'), raw('b'), { content: { case: 'url', value: 'https://x.example/c' }, filename: 'c' }] } }
      })
    )
    const { output, files } = reading.output(sha256)
    assert.deepEqual(
      output.files.map(({ name, url }) => [name, url]),
      [
        ['a', ''],
        ['b', ''],
        ['c', 'https://x.example/c']
      ]
    )
    assert.deepEqual([...files.keys()], [createHash('sha256').update(Uint8Array.of(1, 2)).digest('hex')])
  })

  it('refuses another task than the one it reads, one without a name, nothing at all, and too much', () => {
    const reading = new TaskReading('t')
    assert.throws(() => reading.takeTask(create(TaskSchema, { id: 'u' })), { code: 'INVALID_AGENT_RESPONSE' })
    assert.throws(() => new TaskReading().takeTask(create(TaskSchema, {})), { code: 'INVALID_AGENT_RESPONSE' })
    assert.throws(() => reading.take(create(StreamResponseSchema, {})), { code: 'INVALID_AGENT_RESPONSE' })
    const piece = text('x'.repeat(8 * 1024 * 1024))
    assert.throws(
      () => {
        for (let index = 0; index < 9; index++) reading.take(artifact('a', [piece], true))
      },
      { code: 'FRAME_TOO_LARGE' }
    )
  })

  it('what is read again as a whole takes the place of the pieces', () => {
    const reading = new TaskReading()
    reading.take(artifact('a', [text('half')]))
    reading.takeTask(create(TaskSchema, { id: 't', status: { state: TaskState.COMPLETED }, artifacts: [{ artifactId: 'a', parts: [text('whole')] }] }))
    assert.equal(reading.output(sha256).output.text, 'whole')
  })
})
