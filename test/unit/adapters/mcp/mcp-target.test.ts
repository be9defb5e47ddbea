import assert from 'node:assert/strict'
import { parseTarget } from '../../../../src/adapters/mcp/mcp-target.ts'

describe('parseTarget', () => {
  it('tells URLs from commands', () => {
    assert.deepEqual(parseTarget('https://mcp.north.example/mcp'), { kind: 'url', url: new URL('https://mcp.north.example/mcp') })
    assert.deepEqual(parseTarget('HTTP://127.0.0.1:1'), { kind: 'url', url: new URL('http://127.0.0.1:1') })
    assert.deepEqual(parseTarget('npx server https://a.example'), { kind: 'command', command: ['npx', 'server', 'https://a.example'] })
  })

  for (const text of ['https://', 'https://a b', 'https://user:secret@a.example/', 'https://user@a.example/'])
    it(`refuses ${text}`, () => assert.throws(() => parseTarget(text), { code: 'INVALID_ARGUMENT' }))

  it('does not repeat a password in what it says', () => {
    assert.throws(
      () => parseTarget('https://user:secret@a.example/'),
      (error: Error) => !error.message.includes('secret')
    )
  })
})
