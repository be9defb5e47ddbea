import assert from 'node:assert/strict'
import type { PlanGoal } from '../../../../src/core/task/plan-goal.ts'
import type { PlannableSkill } from '../../../../src/core/task/plannable-skill.ts'
import { plan } from '../../../../src/core/task/plan.ts'
import { goal, simulate, skill } from '../../../support/plan-world.ts'

const N = 'north.example'
const S = 'south.example'

const TRAVEL = [
  skill(`visa@${S}`, ['flight-confirmation', 'passport'], ['visa'], { capabilities: ['travel', 'travel/visa'] }),
  skill(`flight@${N}`, ['destination'], ['flight-confirmation', 'price'], { capabilities: ['travel/flight-booking'], languages: ['zh-Hans'] }),
  skill(`hotel@${S}`, ['destination'], ['hotel-confirmation'], { capabilities: ['travel/hotel-booking'] })
]

/** Handle of the only agent that fits each step, in the order of the graph. */
function steps(aim: PlanGoal, skills: readonly PlannableSkill[], own = N): string[] {
  const graph = plan(aim, skills, own)
  assert.ok(simulate(graph, skills, aim))
  return graph.steps.map(({ id }) => id)
}

const noPlan = (missing: string, message: RegExp) => (error: Error & { code?: string; metadata?: Record<string, string> }) => {
  assert.equal(error.code, 'NO_PLAN', error.stack)
  assert.equal(error.metadata?.['missing'], missing, error.message)
  assert.match(error.message, message)
  return true
}

describe('core/task: plan', () => {
  it('goes back from what is wanted to what is given, and says how', () => {
    const aim = goal(['visa', 'destination'], ['destination', 'passport'], { budget: 7, deadlineMs: 1_000, parallel: 3 })
    const graph = plan(aim, TRAVEL, N)
    assert.deepEqual(
      graph.steps.map(({ id, title, agent, inputs, outputs, text }) => ({
        ...{ id, title, outputs, text },
        capability: agent?.capability,
        given: agent?.given,
        planned: agent?.planned,
        inputs: Object.fromEntries(inputs.map(({ name, from }) => [name, from]))
      })),
      [
        {
          id: 'flight-booking',
          title: 'flight-confirmation by travel/flight-booking',
          outputs: ['flight-confirmation'],
          text: 'Wanted: flight-confirmation. Given in the data: destination.',
          capability: 'travel/flight-booking',
          given: ['destination'],
          planned: true,
          inputs: { destination: 'given.destination' }
        },
        {
          id: 'visa',
          title: 'visa by travel/visa',
          outputs: ['visa'],
          text: 'Wanted: visa. Given in the data: flight-confirmation, passport.',
          capability: 'travel/visa',
          given: ['flight-confirmation', 'passport'],
          planned: true,
          inputs: { 'flight-confirmation': 'steps.flight-booking.data.flight-confirmation', passport: 'given.passport' }
        }
      ]
    )
    assert.deepEqual(
      graph.results.map(({ name, from }) => [name, from]),
      [
        ['visa', 'steps.visa.data.visa'],
        ['destination', 'given.destination']
      ]
    )
    assert.deepEqual([graph.planner, graph.budget, graph.deadlineMs, graph.parallel], ['capability', 7, 1_000n, 3])
    assert.deepEqual(graph.explanation, [
      'Wanted: visa, destination. Given: destination, passport.',
      "3 skills that put out something needed were found; the goal's constraints leave out 0; 2 steps are needed, and none of them can be left out.",
      `Step flight-booking: travel/flight-booking (flight@${N}) puts out flight-confirmation from destination (given).`,
      `Step visa: travel/visa (visa@${S}) puts out visa from flight-confirmation (flight-booking), passport (given).`
    ])
    assert.ok(simulate(graph, TRAVEL, aim))
  })

  it('is the same in whatever order the skills were found', () => {
    const skills = [...TRAVEL, skill(`a@${S}`, [], ['visa']), skill(`b@${S}`, [], ['visa']), skill(`a@${N}`, ['destination'], ['visa'])]
    const aim = goal(['visa', 'hotel-confirmation'], ['destination', 'passport'])
    const first = plan(aim, skills, N)
    for (let turn = 1; turn < skills.length; turn++) assert.deepEqual(plan(aim, [...skills.slice(turn), ...skills.slice(0, turn)], N), first)
  })

  const choices: [string, PlanGoal, PlannableSkill[], string[]][] = [
    ['the own domain first', goal(['a']), [skill(`far@${S}`, [], ['a']), skill(`near@${N}`, [], ['a'])], ['near']],
    ['one step abroad before two at home', goal(['a']), [skill(`far@${S}`, [], ['a']), skill(`n2@${N}`, ['b'], ['a']), skill(`n1@${N}`, [], ['b'])], ['far']],
    ['one skill for two facts before two', goal(['a', 'b']), [skill(`a@${N}`, [], ['a']), skill(`b@${N}`, [], ['b']), skill(`z@${N}`, [], ['a', 'b'])], ['z']],
    [
      'a step that is used twice counts once',
      goal(['a', 'b']),
      [
        skill(`a1@${N}`, ['s'], ['a']),
        skill(`b1@${N}`, ['s'], ['b']),
        skill(`s@${N}`, ['t'], ['s']),
        skill(`t@${N}`, [], ['t']),
        skill(`a2@${N}`, ['u'], ['a']),
        skill(`u@${N}`, [], ['u'])
      ],
      ['t', 's', 'a1', 'b1']
    ],
    ['what is given is not asked for', goal(['a'], ['b']), [skill(`a@${N}`, ['b'], ['a']), skill(`b@${N}`, [], ['b'])], ['a']],
    [
      'two skills of one agent',
      goal(['a']),
      [skill(`x@${N}`, ['b'], ['a'], { skill: 'one' }), skill(`x@${N}`, ['c'], ['b'], { skill: 'two' }), skill(`c@${N}`, [], ['c'])],
      ['c', 'x', 'x-2']
    ],
    [
      'no circle',
      goal(['a']),
      [skill(`a@${N}`, ['b'], ['a']), skill(`b@${N}`, ['a'], ['b']), skill(`c@${S}`, ['d'], ['b']), skill(`d@${S}`, [], ['d'])],
      ['d', 'c', 'a']
    ],
    ['the domains', goal(['a'], [], { domains: [S] }), [skill(`near@${N}`, [], ['a']), skill(`far@${S}`, [], ['a'])], ['far']],
    [
      'the languages',
      goal(['a'], [], { languages: ['fr', 'de'] }),
      [skill(`en@${N}`, [], ['a']), skill(`de@${S}`, [], ['a'], { languages: ['en', 'de'] })],
      ['de']
    ],
    [
      'who is to be avoided',
      goal(['a'], [], { avoid: [`n@${N}`] }),
      [skill(`n@${N}`, [], ['a']), skill(`s@${S}`, [], ['a'], { capabilities: ['x/n'] })],
      ['n']
    ],
    [
      'a budget that the cheap plan exceeds',
      goal(['a'], [], { budget: 2 }),
      [
        ...['p', 'q', 'r'].map((fact) => skill(`${fact}@${N}`, [], [fact])),
        skill(`all@${N}`, ['p', 'q', 'r'], ['a']),
        skill(`t@${S}`, [], ['t']),
        skill(`few@${S}`, ['t'], ['a'])
      ],
      ['t', 'few']
    ]
  ]
  for (const [name, aim, skills, wanted] of choices) it(`chooses: ${name}`, () => assert.deepEqual(steps(aim, skills), wanted))

  it('keeps to the agent that was chosen when others are to be avoided, and else to none', () => {
    const skills = [skill(`bad@${N}`, [], ['a'], { capabilities: ['x'] }), skill(`good@${N}`, [], ['a'], { capabilities: ['x'] })]
    assert.equal(plan(goal(['a'], [], { avoid: [`bad@${N}`] }), skills, N).steps[0]?.agent?.agent, `good@${N}`)
    assert.equal(plan(goal(['a']), skills, N).steps[0]?.agent?.agent, '')
  })

  it('asks for the language of the goal that the agents speak', () => {
    const [step] = plan(goal(['flight-confirmation'], ['destination'], { languages: ['de', 'zh'] }), TRAVEL, N).steps
    assert.equal(step?.agent?.language, 'zh')
  })

  const impossible: [string, PlanGoal, PlannableSkill[], string, RegExp][] = [
    [
      'a fact that nobody knows',
      goal(['visa'], ['destination']),
      TRAVEL,
      'passport',
      /passport is not given, and no agent puts it out \(travel\/visa of visa@south.example needs it\)/
    ],
    ['two of them', goal(['visa', 'hotel-confirmation']), TRAVEL, 'destination, passport', /destination is not given/],
    ['what nobody puts out', goal(['car']), TRAVEL, 'car', /car is not given, and no agent puts it out \(it is wanted itself\)/],
    ['of two ways the one that lacks less', goal(['a']), [skill(`x@${N}`, ['p', 'q'], ['a']), skill(`y@${S}`, ['r'], ['a'])], 'r', /y@south.example needs it/],
    [
      'a circle',
      goal(['w']),
      [skill(`w@${N}`, ['a'], ['w']), skill(`a@${N}`, ['b'], ['a']), skill(`b@${N}`, ['a'], ['b'])],
      'a',
      /need, on the way, what comes of it/
    ],
    [
      'a domain that is left out',
      goal(['hotel-confirmation'], ['destination'], { domains: [N] }),
      TRAVEL,
      'hotel-confirmation',
      /hotel@south.example puts it out, but the goal's domains leave it out/
    ],
    [
      'a language',
      goal(['flight-confirmation'], ['destination'], { languages: ['en'] }),
      TRAVEL,
      'flight-confirmation',
      /flight@north.example puts it out, but the goal's languages/
    ],
    ['an agent to be avoided', goal(['visa'], ['destination', 'passport'], { avoid: [`flight@${N}`] }), TRAVEL, 'flight-confirmation', /is to be avoided/],
    [
      'a budget',
      goal(['visa'], ['destination', 'passport'], { budget: 1 }),
      TRAVEL,
      'visa',
      /within the budget of 1: the shortest plan that was found has 2 steps$/
    ]
  ]
  for (const [name, aim, skills, missing, message] of impossible)
    it(`proves that there is none: ${name}`, () => assert.throws(() => plan(aim, skills, N), noPlan(missing, message)))

  it('goes a way of 10,000 steps, and names what is missing at its far end', function () {
    this.timeout(20_000)
    const chain = Array.from({ length: 10_000 }, (_, i) => skill(`s${i}@${N}`, [`f${i}`], [`f${i + 1}`]))
    assert.equal(plan(goal(['f10000'], ['f0']), chain, N).steps.length, 10_000)
    assert.throws(() => plan(goal(['f10000']), chain, N), noPlan('f0', /s0@north.example needs it/))
  })

  it('does not get lost among 500 skills with 25 ways to each fact', function () {
    const width = 25
    const skills = Array.from({ length: 500 }, (_, i) => {
      const level = Math.floor(i / width)
      const inputs = level === 0 ? ['start'] : [0, 1, 2].map((k) => `l${level}-${(i * 7 + k * 5) % width}`)
      return skill(
        `s${i}@${i % 2 === 0 ? N : S}`,
        inputs,
        [0, 1, 2].map((k) => `l${level + 1}-${(i * 3 + k) % width}`)
      )
    })
    const aim = goal(['l20-0', 'l20-7'], ['start'])
    const began = performance.now()
    const graph = plan(aim, skills, N)
    // A second by the plan of this project; five on a machine that does other things, too.
    assert.ok(performance.now() - began < 5_000)
    assert.ok(simulate(graph, skills, aim))
    for (const { id } of graph.steps) assert.ok(!simulate(graph, skills, aim, id), `${id} is not needed`)
    assert.throws(() => plan({ ...aim, given: {} }, skills, N), noPlan('start', /start is not given/))
    assert.throws(() => plan({ ...aim, budget: 19 }, skills, N), { code: 'NO_PLAN' })
  })
})
