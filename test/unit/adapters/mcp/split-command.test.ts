import assert from 'node:assert/strict'
import fc from 'fast-check'
import { splitCommand } from '../../../../src/adapters/mcp/split-command.ts'

describe('splitCommand', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['node', ['node']],
    ['  node\tserver.js \n --port 1 ', ['node', 'server.js', '--port', '1']],
    [`'/opt/my server/run' "a b"`, ['/opt/my server/run', 'a b']],
    [`sh -c 'echo "$HOME" | wc > /dev/null; ls *'`, ['sh', '-c', 'echo "$HOME" | wc > /dev/null; ls *']],
    ['a $HOME `id` $(id) * ~ | b', ['a', '$HOME', '`id`', '$(id)', '*', '~', '|', 'b']],
    [String.raw`a "x \"y\" \\ \n"`, ['a', String.raw`x "y" \ \n`]],
    [String.raw`a 'x \ y' b\ c \'`, ['a', String.raw`x \ y`, 'b c', "'"]],
    [`a '' "" x''y"z"`, ['a', '', '', 'xyz']]
  ]
  for (const [text, words] of cases) it(`splits ${JSON.stringify(text)}`, () => assert.deepEqual(splitCommand(text), words))

  for (const text of ['', '   ', `'' a`, `a 'b`, `a "b`, `a "b\\"`, 'a \\', 'a\0b', 'a'.repeat(20_000)])
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => assert.throws(() => splitCommand(text), { code: 'INVALID_ARGUMENT' }))

  it('gives back any words that were put into single quotes', () => {
    const word = fc.string({ maxLength: 40 }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        fc.pre(words[0] !== '')
        const line = words.map((each) => `'${each.replaceAll("'", `'"'"'`)}'`).join(' ')
        assert.deepEqual(splitCommand(line), words)
      })
    )
  })
})
