import assert from 'node:assert/strict'
import { mcpCard } from '../../../../src/adapters/mcp/mcp-card.ts'
import { readTools } from '../../../../src/adapters/mcp/mcp-tool.ts'
import { toolCapability } from '../../../../src/adapters/mcp/tool-capability.ts'
import { toolFacts } from '../../../../src/adapters/mcp/tool-facts.ts'
import { isCapability } from '../../../../src/core/ids/capability.ts'
import { MAX_CARD_BYTES, parseCard } from '../../../../src/wire/binding/agent-card.ts'

const SERVER = { name: 'Flights & More', title: 'Flights', version: '2.1', about: '' }
const schema = (properties: Record<string, object>, required?: readonly string[]): object => ({
  type: 'object',
  properties,
  ...(required === undefined ? {} : { required })
})

describe('the card of an MCP server', () => {
  it('has a skill for each tool, found by its capability', () => {
    const tools = readTools([{ name: 'Book_It', title: 'Book', inputSchema: schema({ to: { type: 'string' }, klass: { enum: ['a', 'b'] }, x: {} }) }])
    const card = parseCard(mcpCard(SERVER, tools, ['travel/flights']))
    assert.deepEqual([card.name, card.version, card.description], ['Flights', '2.1', 'Tools of the MCP server Flights & More'])
    assert.deepEqual(
      card.skills.map(({ id, name, description, tags, examples }) => ({ id, name, description, tags, examples })),
      [
        {
          id: 'Book_It',
          name: 'Book',
          description: 'Book',
          tags: ['mcp/flights-more/book_it', 'travel/flights'],
          examples: ['{"tool":"Book_It","arguments":{"to":"string","klass":"a | b","x":"any"}}']
        }
      ]
    )
    assert.deepEqual([card.capabilities?.streaming, card.capabilities?.extensions], [true, []])
  })

  it('fits, however many tools there are', () => {
    const tools = readTools(Array.from({ length: 256 }, (_, index) => ({ name: `tool-${index}`, description: 'x'.repeat(2_000), inputSchema: schema({}) })))
    const bytes = mcpCard({ ...SERVER, about: 'y'.repeat(9_000) }, tools, [])
    assert.ok(bytes.length <= MAX_CARD_BYTES)
    const card = parseCard(bytes)
    assert.ok(card.skills.length > 50 && card.skills.length < 256, String(card.skills.length))
    assert.equal(card.description.length, 1_000)
  })

  it('makes a capability of any name', () => {
    for (const [server, tool, path] of [
      ['mcp-servers/everything', 'get-sum', 'mcp/mcp-servers-everything/get-sum'],
      ['../..', '__init__', 'mcp/unnamed/init'],
      ['Éclair', 'a b', 'mcp/clair/a-b'],
      ['x'.repeat(100), `${'y'.repeat(63)}-z`, `mcp/${'x'.repeat(64)}/${'y'.repeat(63)}`]
    ] as const) {
      assert.equal(toolCapability(server, tool), path)
      assert.ok(isCapability(path))
    }
  })
})

describe('toolFacts', () => {
  const facts = (...listed: { name: string; in?: object; out?: object }[]): unknown =>
    toolFacts(readTools(listed.map(({ name, in: inputSchema = schema({}), out: outputSchema }) => ({ name, inputSchema, outputSchema }))))

  it('says what a tool needs and puts out', () => {
    assert.deepEqual(
      facts({
        name: 'book',
        in: schema({ destination: {}, seat: {} }, ['destination']),
        out: schema({ 'flight-confirmation-2': {}, note: {} }, ['flight-confirmation-2'])
      }),
      { skills: { book: { inputs: ['destination'], outputs: ['flight-confirmation-2'] } } }
    )
    assert.deepEqual(facts({ name: 'see', out: schema({ a: {}, b: {} }) }), { skills: { see: { inputs: [], outputs: ['a', 'b'] } } })
  })

  it('leaves out tools with names that are no facts, or with none', () => {
    assert.equal(facts({ name: 'a', in: schema({ toCity: {} }, ['toCity']) }, { name: 'b', out: schema({ b_c: {} }) }, { name: 'c' }), undefined)
  })

  it('keeps within what a record holds', () => {
    const wide = schema(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, {}])))
    const made = facts(...['a', 'b', 'c'].map((name) => ({ name, out: wide })), { name: 'small', out: schema({ x: {} }) }) as { skills: object }
    assert.deepEqual(Object.keys(made.skills), ['a', 'small'])
    const many = facts(...Array.from({ length: 60 }, (_, index) => ({ name: `t${index}`, out: schema({ x: {} }) }))) as { skills: object }
    assert.equal(Object.keys(many.skills).length, 32)
  })
})
