import assert from 'node:assert/strict'
import { create, fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { readTools } from '../../../../src/adapters/mcp/mcp-tool.ts'
import { toolCallOf } from '../../../../src/adapters/mcp/tool-call.ts'
import { type Message, MessageSchema } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'

const schema = (properties: Record<string, string>, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(properties).map(([name, type]) => [name, { type }])),
  required: [...required]
})
const tools = readTools([
  { name: 'echo', inputSchema: schema({ message: 'string' }, ['message']) },
  { name: 'sum', inputSchema: schema({ a: 'number', b: 'number' }, ['a', 'b']) },
  { name: 'now', inputSchema: schema({}) },
  { name: 'search', inputSchema: schema({ query: 'string', limit: 'number' }) }
])
const only = (name: string): typeof tools => tools.filter((tool) => tool.name === name)

function message(parts: { readonly text?: string; readonly data?: JsonValue }, metadata?: JsonObject): Message {
  const { text, data } = parts
  return create(MessageSchema, {
    parts: [
      ...(text === undefined ? [] : [{ content: { case: 'text' as const, value: text } }]),
      ...(data === undefined ? [] : [{ content: { case: 'data' as const, value: fromJson(ValueSchema, data) } }])
    ],
    ...(metadata === undefined ? {} : { metadata })
  })
}

const read = (parts: Parameters<typeof message>[0], given = tools, metadata?: JsonObject): unknown => {
  const { tool, arguments: passed } = toolCallOf(message(parts, metadata), given)
  return [tool.name, passed]
}

describe('toolCallOf', () => {
  it('takes a data part that names the tool', () => {
    assert.deepEqual(read({ data: { tool: 'echo', arguments: { message: 'hi' } } }), ['echo', { message: 'hi' }])
    assert.deepEqual(read({ data: { tool: 'now' }, text: 'please' }), ['now', {}])
    assert.deepEqual(read({ text: ' {"tool":"sum","arguments":{"a":1,"b":2}}' }), ['sum', { a: 1, b: 2 }])
  })

  it('takes a data part as the arguments of the only tool, of the one that the metadata names, or of the only one that they fit', () => {
    assert.deepEqual(read({ data: { a: 1, b: 2 } }, only('sum')), ['sum', { a: 1, b: 2 }])
    for (const key of ['tool', 'skill', 'skillId']) assert.deepEqual(read({ data: { limit: 3 } }, tools, { [key]: 'search' }), ['search', { limit: 3 }])
    assert.deepEqual(read({ data: { a: 1, b: 2 } }), ['sum', { a: 1, b: 2 }])
    assert.deepEqual(read({ data: { limit: 3 } }), ['search', { limit: 3 }])
  })

  it('takes an argument whose name is tool for what it is', () => {
    const [hammer] = readTools([{ name: 'lend', inputSchema: schema({ tool: 'string', days: 'number' }, ['tool']) }])
    assert.ok(hammer !== undefined)
    assert.deepEqual(read({ data: { tool: 'hammer', days: 2 } }, [hammer]), ['lend', { tool: 'hammer', days: 2 }])
  })

  it('takes a text for the one text that the tool wants', () => {
    assert.deepEqual(read({ text: 'hi' }, only('echo')), ['echo', { message: 'hi' }])
    assert.deepEqual(read({ text: 'trains' }, tools, { skill: 'search' }), ['search', { query: 'trains' }])
    assert.deepEqual(read({ text: '{"message":1}' }, only('echo')), ['echo', { message: '{"message":1}' }])
    assert.deepEqual(read({ text: 'what time is it?' }, only('now')), ['now', {}])
  })

  it('says what there is when the tool is not clear', () => {
    const unclear: Parameters<typeof message>[0][] = [{ text: 'hi' }, { data: { tool: 'nothing' } }, { data: { x: 1 } }, { data: {} }]
    for (const parts of unclear) assert.throws(() => read(parts), { code: 'INVALID_ARGUMENT', message: /"tool": NAME.*\necho \{"type":"object".*\nnow/s })
    assert.throws(() => read({ text: 'hi' }, tools, { skill: 'sing' }), { message: /no tool "sing"/ })
    assert.throws(() => read({ text: 'hi' }, []), { message: /there are none/ })
    const twins = readTools([
      { name: 'one', inputSchema: schema({ x: 'number' }) },
      { name: 'two', inputSchema: schema({ x: 'number' }) }
    ])
    assert.throws(() => read({ data: { x: 1 } }, twins), { message: /fits 2 tools/ })
  })

  it('says what is missing, with the schema', () => {
    assert.throws(() => read({ data: { tool: 'sum', arguments: { a: 1 } } }), { code: 'INVALID_ARGUMENT', message: /^sum needs b; its arguments are \{"type"/ })
    assert.throws(() => read({ text: 'one and two' }, only('sum')), { message: /sum needs a, b/ })
  })

  it('refuses data that cannot be arguments', () => {
    for (const data of [[1], 'x', 7, null]) assert.throws(() => read({ data }, only('echo')), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => read({ data: { tool: 'echo', arguments: ['hi'] } }), { message: /the arguments of "echo" are no object/ })
  })

  it('keeps what it says short, however much there is', () => {
    const many = readTools(
      Array.from({ length: 256 }, (_, index) => ({ name: `tool-${index}`, inputSchema: schema({ a: 'string' }), description: 'x'.repeat(5_000) }))
    )
    assert.throws(
      () => read({ text: 'hi' }, many),
      (error: Error) => error.message.length < 5_000
    )
  })
})
