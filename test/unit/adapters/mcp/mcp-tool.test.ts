import assert from 'node:assert/strict'
import { readTools } from '../../../../src/adapters/mcp/mcp-tool.ts'

const inputSchema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a', 7] }

describe('readTools', () => {
  it('reads names, titles and schemas', () => {
    const [tool, ...others] = readTools([{ name: 'add', title: ' ', inputSchema, outputSchema: { type: 'object', properties: { sum: {} } } }])
    assert.deepEqual(others, [])
    assert.equal(tool?.title, 'add')
    assert.deepEqual([tool.input.properties, tool.input.required, tool.input.texts], [['a', 'b'], ['a'], ['a']])
    assert.deepEqual(tool.output?.properties, ['sum'])
  })

  it('leaves out what it cannot trust: strange names, names that came before, schemas that are none or too large', () => {
    const wrong = ['', 'a b', 'a\nb', 'ä', 'x'.repeat(129)].map((name) => ({ name, inputSchema }))
    const large = { name: 'large', inputSchema: { type: 'object', description: 'x'.repeat(70_000) } }
    const listed = [...wrong, large, { name: 'none', inputSchema: 'object' }, { name: 'ok', inputSchema }, { name: 'ok', title: 'again', inputSchema }]
    assert.deepEqual(
      readTools(listed).map(({ name, title }) => [name, title]),
      [['ok', 'ok']]
    )
  })

  it('takes a bounded number', () => {
    assert.equal(readTools(Array.from({ length: 1_000 }, (_, index) => ({ name: `t${index}`, inputSchema }))).length, 256)
  })
})
