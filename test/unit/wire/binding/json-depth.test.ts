import assert from 'node:assert/strict'
import { parseCall } from '../../../../src/wire/binding/a2a-jsonrpc-server.ts'
import { isShallow } from '../../../../src/wire/binding/json-depth.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('wire/binding: depth of JSON', () => {
  it('counts lists and objects, not what is in texts', () => {
    assert.equal(isShallow(bytes('{"a":[1,[2]]}'), 3), true)
    assert.equal(isShallow(bytes('{"a":[1,[2]]}'), 2), false)
    assert.equal(isShallow(bytes('{"[[[[":"{\\"[[[\\\\"}'), 1), true)
    assert.equal(isShallow(bytes('[[],[],[]]'), 2), true)
  })

  it('has a request of nothing but brackets refused before it is parsed', () => {
    for (const body of ['['.repeat(8_000_000), `{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`]) {
      const parsed = parseCall(bytes(body))
      assert.ok(!parsed.ok)
      assert.deepEqual([parsed.jsonRpc, parsed.error.code], [-32700, 'MALFORMED'])
      assert.match(parsed.error.message, /levels/)
    }
  })
})
