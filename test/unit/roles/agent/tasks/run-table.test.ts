import assert from 'node:assert/strict'
import { create, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { RunTable } from '../../../../../src/roles/agent/tasks/run-table.ts'
import { TaskGraphSchema } from '../../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'

/** The deepest that a value may be when it comes in as JSON. */
function deepest(around: (value: JsonValue) => JsonValue) {
  let json: JsonValue = 1
  for (;;) {
    try {
      fromJson(ValueSchema, around(json))
    } catch {
      return fromJson(ValueSchema, json)
    }
    json = around(json)
  }
}

describe('the table of runs', () => {
  it('reads a graph again with values as deep as any that come in', () => {
    const table = new RunTable(new MemoryStore())
    for (const around of [(value: JsonValue) => [value], (value: JsonValue) => ({ in: value })]) {
      table.putGraph('deep', create(TaskGraphSchema, { steps: [{ id: 'one', inputs: [{ name: 'in', value: deepest(around) }] }] }))
      assert.equal(table.graph('deep')?.steps[0]?.id, 'one')
    }
  })
})
