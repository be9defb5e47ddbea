import assert from 'node:assert/strict'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { isFact } from '../../../../src/core/ids/fact.ts'
import { createPlanner } from '../../../../src/node/task/planner.ts'
import type { Find } from '../../../../src/node/task/skill-search.ts'
import { HansaError, errorDetail } from '../../../../src/schema/errors.ts'
import {
  AgentRecordSchema,
  AgentStatus,
  AskedSchema,
  type DiscoverRequestSchema,
  StatusFilter
} from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'

const VIA = 'spiffe://north.example/agw/gw1'

interface Listed {
  readonly handle: string
  readonly inputs: string[]
  readonly outputs: string[]
  readonly offline?: boolean
}

/** Discovery over a list of agents, each with one skill. */
function directory(agents: readonly Listed[], silent = false) {
  const asked: MessageInitShape<typeof DiscoverRequestSchema>[] = []
  const find: Find = async (request, options) => {
    options?.signal?.throwIfAborted()
    asked.push(request)
    const { outputs = [], status, limit = 20, domain = '' } = request
    // As a registration server does.
    if (!outputs.every(isFact)) throw new HansaError('INVALID_ARGUMENT', 'not a fact')
    const fits = agents.filter(
      (one) =>
        one.outputs.some((fact) => outputs.includes(fact)) &&
        (status === StatusFilter.ANY || one.offline !== true) &&
        (domain === '' || one.handle.endsWith(`@${domain}`))
    )
    const found = fits.slice(0, limit).map(({ handle, inputs, outputs: puts, offline = false }) => ({
      record: create(AgentRecordSchema, {
        handle,
        domain: handle.split('@')[1] ?? '',
        languages: ['en'],
        capabilities: [`x/${handle.split('@')[0] ?? ''}`],
        skills: [{ id: 's', inputs, outputs: puts }]
      }),
      verified: { level: 'chain' as const, signer: '', checks: [] },
      status: offline ? AgentStatus.OFFLINE : AgentStatus.ONLINE,
      score: 1
    }))
    const error = errorDetail(new HansaError('DEADLINE_EXCEEDED', 'too late'))
    const servers = [create(AskedSchema, { domain: 'south.example', ars: 'spiffe://south.example/ars/ars1', ...(silent ? { error } : {}) })]
    return { agents: found, asked: servers, complete: !silent && found.length === fits.length, via: VIA, refused: [] }
  }
  return { planner: createPlanner({ find }), asked }
}

const AGENTS: Listed[] = [
  { handle: 'visa@south.example', inputs: ['flight-confirmation', 'passport'], outputs: ['visa'] },
  { handle: 'flight@north.example', inputs: ['destination'], outputs: ['flight-confirmation'] },
  { handle: 'office@south.example', inputs: [], outputs: ['passport'], offline: true }
]
const signal = new AbortController().signal

describe('node/task: planner', () => {
  it('asks discovery level by level for what is missing, and plans', async () => {
    const { planner, asked } = directory(AGENTS)
    const graph = await planner.plan({ source: 'want: [visa]\ngiven: { destination: Oslo }\n', file: 'goal.yaml', given: { passport: 'P1' } }, signal)
    assert.deepEqual(
      graph.steps.map(({ id }) => id),
      ['flight', 'visa']
    )
    assert.deepEqual(
      asked.map(({ outputs }) => outputs),
      [['visa'], ['flight-confirmation']]
    )
    assert.deepEqual([graph.planner, graph.name, Object.keys(graph.given)], ['capability', 'visa', ['destination', 'passport']])
  })

  it('is not led astray by a skill with names that are none', async () => {
    const { planner } = directory([
      ...AGENTS,
      { handle: 'mallory@east.example', inputs: ['no fact\n'], outputs: ['visa'] },
      { handle: 'mallory2@east.example', inputs: [], outputs: ['visa', 'a.b'] }
    ])
    const graph = await planner.plan({ goal: { want: ['visa'], given: { destination: 'Oslo', passport: 'P1' } } }, signal)
    assert.deepEqual(
      graph.steps.map(({ id }) => id),
      ['flight', 'visa']
    )
  })

  it('says who is missing, and who would help but is not online', async () => {
    const { planner } = directory(AGENTS)
    await assert.rejects(planner.plan({ goal: { want: ['visa'], given: { destination: 'Oslo' } } }, signal), {
      code: 'NO_PLAN',
      message:
        'no plan for visa: passport is not given, and no agent puts it out (x/visa of visa@south.example needs it); office@south.example, which puts out passport, is not online',
      metadata: { missing: 'passport', complete: 'true' }
    })
  })

  it('says when its proof does not hold for those who did not answer', async () => {
    const { planner } = directory(AGENTS, true)
    await assert.rejects(planner.plan({ goal: { want: ['car'] } }, signal), {
      code: 'NO_PLAN',
      message: /the search was not complete: spiffe:\/\/south.example\/ars\/ars1 did not answer \(DEADLINE_EXCEEDED\)$/,
      metadata: { missing: 'car', complete: 'false' }
    })
    const graph = await planner.plan({ goal: { want: ['flight-confirmation'], given: { destination: 'Oslo' } } }, signal)
    assert.match(graph.explanation.at(-1) ?? '', /^The search was not complete: /)
  })

  it('asks again in smaller questions when the answer was cut, with the domains of the goal at last', async () => {
    const crowd = Array.from({ length: 120 }, (_, i): Listed => ({ handle: `a${i}@south.example`, inputs: ['nothing'], outputs: ['a'] }))
    const { planner, asked } = directory([
      ...crowd,
      { handle: 'z@north.example', inputs: [], outputs: ['a'] },
      { handle: 'b@north.example', inputs: [], outputs: ['b'] }
    ])
    const graph = await planner.plan({ goal: { want: ['a', 'b'], domains: ['north.example'] } }, signal)
    assert.deepEqual(
      graph.steps.map(({ id }) => id),
      ['b', 'z']
    )
    assert.deepEqual(
      asked.map(({ outputs, domain }) => [outputs?.join(), domain]),
      [
        ['a,b', ''],
        ['a', ''],
        ['a', 'north.example'],
        ['b', '']
      ]
    )
  })

  it('asks at most 48 times, and says what it did not ask', async () => {
    const chain = Array.from({ length: 60 }, (_, i): Listed => ({ handle: `a${i}@north.example`, inputs: [`f${i}`], outputs: [`f${i + 1}`] }))
    const { planner, asked } = directory(chain)
    await assert.rejects(planner.plan({ goal: { want: ['f60'], given: { f0: 1 } } }, signal), {
      code: 'NO_PLAN',
      message: /after 48 questions, 1 facts were not asked for, such as f12/,
      metadata: { missing: 'f12', complete: 'false' }
    })
    // One more, for those who are not online.
    assert.equal(asked.length, 49)
    assert.equal((await planner.plan({ goal: { want: ['f47'], given: { f0: 1 } } }, signal)).steps.length, 47)
  })

  it('reads goals and workflows, and nothing that is both or neither', async () => {
    const { planner, asked } = directory(AGENTS)
    assert.equal((await planner.plan({ source: 'steps: { one: { agent: a@north.example } }' }, signal)).planner, 'workflow')
    assert.equal(asked.length, 0)
    const refused: [Parameters<typeof planner.plan>[0], string][] = [
      [{}, 'expected the text of a workflow or goal, or one as an object'],
      [{ source: 'a: b', goal: {} }, 'expected the text of a workflow or goal, or one as an object'],
      [{ source: 'name: x', file: 'g.yaml' }, 'g.yaml: expected steps (a workflow) or want (a goal)'],
      [{ source: 'want: [a]\nsteps: {}', file: 'g.yaml' }, 'g.yaml: expected steps or want, not both'],
      [{ source: 'want: []', file: 'g.yaml' }, 'g.yaml:1:1: want: expected at least one fact'],
      [{ source: 'want: [Visa]', file: 'g.yaml' }, 'g.yaml:1:8: want.0: expected a name of a fact such as flight-confirmation, got "Visa"'],
      [{ source: 'want: [a]\ngiven: { B: 1 }', file: 'g.yaml' }, 'g.yaml:2:10: given.B: not a name of a fact: "B"; 1 to 63 of a-z 0-9 - are wanted'],
      [
        { source: 'want: [a, a]\nbudget: 0\navoid: me', file: 'g.yaml' },
        'g.yaml:1:11: want.1: "a" is there twice; g.yaml:2:1: budget: expected a number from 1 to 10000, got 0; g.yaml:3:1: avoid: expected a handle such as slow@north.example, got "me"'
      ],
      [{ source: 'want: [a]\ngiven: { a: 1 }', file: 'g.yaml' }, 'g.yaml:1:8: want.0: everything that is wanted is given; there is nothing to do'],
      [
        { source: 'wants: [a]\nwant: [a]', file: 'g.yaml' },
        'g.yaml:1:1: wants: unknown key; expected one of name, description, want, given, languages, domains, avoid, deadline, budget, parallel'
      ]
    ]
    for (const [work, message] of refused) await assert.rejects(planner.plan(work, signal), { code: 'INVALID_ARGUMENT', message })
  })

  it('ends when it is told to', async () => {
    const abort = new AbortController()
    abort.abort(new HansaError('CANCELED', 'enough'))
    await assert.rejects(directory(AGENTS).planner.plan({ goal: { want: ['visa'] } }, abort.signal), { code: 'CANCELED' })
  })
})
