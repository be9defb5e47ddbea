import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { CliContext } from '../../../src/cli/context.ts'
import { createProgram } from '../../../src/cli/main.ts'
import type { DemoOptions, JoinOptions } from '../../../src/node/host.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { version } from '../../../src/node/version.ts'
import { runCli } from '../../support/cli.ts'

function leaves(command: Command, path: readonly string[] = []): string[][] {
  if (command.commands.length === 0) return [[...path]]
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]))
}

const commands = leaves(createProgram({ context: {} as CliContext, exitCode: 0 }))

describe('command line', () => {
  for (const path of commands)
    it(`hansa ${path.join(' ')} --help shows --home, --json and an example that fits it`, async () => {
      const { code, stdout } = await runCli([...path, '--help'])
      assert.equal(code, 0)
      assert.match(stdout, /--home <dir>/)
      assert.match(stdout, /--json/)
      const examples = [...stdout.matchAll(/^ {2}\$ hansa (.+)$/gm)].map((match) => match[1] ?? '')
      assert.ok(examples.length > 0)
      for (const example of examples) assert.ok(example.startsWith(path.join(' ')), example)
    })

  it('has every command of this version', () => {
    const names = commands.map((path) => path.join(' '))
    for (const name of ['init', 'join', 'up', 'demo', 'find', 'call', 'agent run', 'ca revoke', 'gw connect', 'cert renew', 'config check', 'completion'])
      assert.ok(names.includes(name), name)
  })

  it('tells its version', async () => {
    assert.deepEqual(await runCli(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  })

  for (const argv of [
    ['nonsense'],
    ['status', '--nonsense'],
    ['status', 'too', 'many'],
    ['resolve'],
    ['init'],
    ['init', '--domain', 'North'],
    ['init', '--domain', 'north.example', '--roles', 'boss'],
    ['find', '--limit', '0'],
    ['find', '--status', 'asleep'],
    ['invite', '--ttl', 'soon'],
    ['ca', 'revoke', 'x'],
    ['ca', 'revoke', 'x', '--reason', 'because'],
    ['call', 'x', '--data', '{'],
    ['completion', 'tcsh']
  ])
    it(`hansa ${argv.join(' ')} is wrong usage: exit code 2`, async () => {
      const { code, stdout, stderr } = await runCli(argv)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, /^error: /)
      const json = await runCli([...argv, '--json'])
      assert.equal(json.code, 2)
      assert.equal((JSON.parse(json.stderr) as { error: { code: string } }).error.code, 'USAGE')
    })

  it('without a command, or with half of one, shows what there is: exit code 2', async () => {
    for (const argv of [[], ['gw']]) {
      const { code, stderr } = await runCli(argv)
      assert.equal(code, 2)
      assert.match(stderr, /Usage: hansa/)
    }
  })

  it('failure is exit code 1, one sentence, a hint and the code on standard error', async () => {
    const { code, stdout, stderr } = await runCli(['status', '--home', '/nowhere'])
    assert.deepEqual([code, stdout], [1, ''])
    assert.equal(stderr, 'hansa: no node is running in /nowhere (NODE_NOT_RUNNING)\n  Start it: hansa up --home /nowhere.\n')
  })

  it('with --json failure is one JSON line on standard error', async () => {
    const { code, stderr } = await runCli(['status', '--home', '/nowhere', '--json'])
    assert.equal(code, 1)
    assert.deepEqual(JSON.parse(stderr), {
      error: {
        code: 'NODE_NOT_RUNNING',
        message: 'no node is running in /nowhere',
        hint: 'Start it: hansa up --home /nowhere.',
        metadata: { home: '/nowhere' }
      }
    })
  })

  it('takes the home from --home, else $HANSA_HOME', async () => {
    const env = { HANSA_HOME: '/from-env' }
    assert.match((await runCli(['status'], { env })).stderr, /\/from-env/)
    assert.match((await runCli(['status', '--home', '/given'], { env })).stderr, /\/given/)
  })

  it('shows the stack of a bug, which is nobody else’s business on one’s own machine', async () => {
    const host = {
      demo: async () => {
        throw new TypeError('odd')
      }
    }
    const { code, stderr } = await runCli(['demo'], { host })
    assert.equal(code, 1)
    assert.match(stderr, /\(INTERNAL\)[\s\S]*TypeError: odd/)
  })
})

describe('commands of the host', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-cli-'))
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))

  it('join takes the invite from a file or standard input, never from the command line', async () => {
    const seen: string[] = []
    const host = {
      join: async ({ home, invite = '' }: JoinOptions) => {
        seen.push(invite.trim())
        return { home, spiffeId: 'spiffe://north.example/agent/a', peer: 'p', roles: ['agent'] as const, notAfter: 0 }
      }
    }
    const file = join(dir, 'invite.txt')
    await writeFile(file, 'hansa-invite:one\n')
    assert.equal((await runCli(['join', file, '--home', dir], { host })).code, 0)
    assert.equal((await runCli(['join', '-'], { host, stdin: 'hansa-invite:two\n' })).code, 0)
    assert.equal((await runCli(['join'], { host, stdin: 'hansa-invite:three\n' })).code, 0)
    assert.deepEqual(seen, ['hansa-invite:one', 'hansa-invite:two', 'hansa-invite:three'])
    const refused = await runCli(['join', 'hansa-invite:four'], { host })
    assert.deepEqual([refused.code, seen.length], [1, 3])
  })

  it('join without an invite says so', async () => {
    const { code, stderr } = await runCli(['join', '-'], { stdin: '\n', host: {} })
    assert.equal(code, 1)
    assert.match(stderr, /nothing was given/)
  })

  it('demo prints one JSON line per step and fails when a step did', async () => {
    const host = {
      demo: async ({ onStep }: DemoOptions) => {
        onStep({ step: 'enrol', title: 'enrolment', ok: true, ms: 3, control: 'unknown', saw: 'enrolled' })
        onStep({ step: 'call', title: 'a call', ok: false, ms: 4, control: 'refused', saw: 'no answer' })
        return false
      }
    }
    const { code, stdout } = await runCli(['demo', '--json'], { host })
    assert.equal(code, 1)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { step: string; ok: boolean }).ok),
      [true, false]
    )
  })

  it('init reads the swarm invite from its file', async () => {
    const file = join(dir, 'invite.txt')
    await writeFile(file, 'hansa-invite:x')
    let given: object = {}
    const host = {
      init: async (options: object) => {
        given = options
        throw new HansaError('VOUCHER_INVALID', 'no good')
      }
    }
    const { code } = await runCli(['init', '--domain', 'south.example', '--roles', 'ars,aca', '--swarm', file, '--home', dir], { host })
    assert.equal(code, 1)
    assert.deepEqual(given, { home: dir, domain: 'south.example', roles: ['aca', 'ars'], name: 'node1', swarmInvite: 'hansa-invite:x' })
  })
})
