import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { runCli } from '../../support/cli.ts'

describe('shell completion', () => {
  async function complete(words: readonly string[]): Promise<string[]> {
    const { stdout } = await runCli(['completion', 'bash'])
    const program = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=${words.length - 1}\n_hansa\nprintf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout: replies, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8' })
    assert.equal(stderr, '')
    return replies.split('\n').filter((word) => word !== '')
  }

  it('offers commands, subcommands and options in bash', async () => {
    assert.deepEqual(await complete(['hansa', 'st']), ['status'])
    assert.deepEqual(await complete(['hansa', 'gw', 'dis']), ['disconnect'])
    assert.deepEqual(await complete(['hansa', 'gw', 'connect', '--r']), ['--root'])
    assert.deepEqual(await complete(['hansa', 'find', '--capability', 'x', '--lang']), ['--language'])
  })

  for (const shell of ['zsh', 'fish'])
    it(`knows every command in ${shell}`, async () => {
      const { code, stdout } = await runCli(['completion', shell])
      assert.equal(code, 0)
      for (const path of ['hansa gw connect', 'hansa agent run', 'hansa completion']) assert.ok(stdout.includes(`'${path}'`), path)
    })
})
