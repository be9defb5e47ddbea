import assert from 'node:assert/strict'
import { toJson } from '@bufbuild/protobuf'
import { readWork } from '../../../../src/node/task/read-work.ts'
import { readWorkflow } from '../../../../src/node/task/read-workflow.ts'
import { TaskGraphSchema } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'

const TRIP = `name: Trip to Oslo
given: { destination: Oslo, travellers: 2 }
deadline: 10m
parallel: 4
budget: 20
steps:
  flight:
    capability: travel/flight-booking
    language: en
    domains: [north.example]
    text: 'Book a flight to {destination}'
    inputs: { destination: given.destination }
    outputs: [flight-confirmation]
    attempts: 3
    timeout: 2m
    backoff: 1s
  visa:
    capability: travel/visa
    inputs: { confirmation: steps.flight.data.flight-confirmation, note: { value: urgent }, passport: { from: given.passport, optional: true } }
    when: [ { steps.flight.data.price: { less: 500, at-least: 1 } }, { steps.flight.text: { exists: false }, given.travellers: 2 } ]
    allow-failure: true
    repeatable: true
  apology: { agent: office@north.example, needs: { visa: failed } }
  end: { agent: office@north.example, needs: [flight], text-language: en, title: The end }
results: { confirmation: steps.flight.data.flight-confirmation }
`

const read = (source: string, given?: Record<string, string>) => readWorkflow(readWork({ source, file: 'trip.yaml' }), given)

describe('node/task: workflow file', () => {
  it('becomes a graph', () => {
    assert.deepEqual(toJson(TaskGraphSchema, read(TRIP, { destination: 'Bergen' })), {
      name: 'Trip to Oslo',
      given: { destination: 'Bergen', travellers: 2 },
      deadlineMs: '600000',
      parallel: 4,
      budget: 20,
      planner: 'workflow',
      explanation: ['The steps are those of trip.yaml.'],
      steps: [
        {
          id: 'flight',
          agent: { capability: 'travel/flight-booking', language: 'en', domains: ['north.example'] },
          text: 'Book a flight to {destination}',
          inputs: [{ name: 'destination', from: 'given.destination' }],
          outputs: ['flight-confirmation'],
          attempts: 3,
          timeoutMs: 120_000,
          backoffMs: 1_000
        },
        {
          id: 'visa',
          agent: { capability: 'travel/visa' },
          inputs: [
            { name: 'confirmation', from: 'steps.flight.data.flight-confirmation' },
            { name: 'note', value: 'urgent' },
            { name: 'passport', from: 'given.passport', optional: true }
          ],
          conditions: [
            { from: 'steps.flight.data.price', operator: 'CONDITION_OPERATOR_LESS', value: 500 },
            { from: 'steps.flight.data.price', operator: 'CONDITION_OPERATOR_GREATER_OR_EQUAL', value: 1 },
            { from: 'steps.flight.text', operator: 'CONDITION_OPERATOR_MISSING' },
            { from: 'given.travellers', operator: 'CONDITION_OPERATOR_EQUAL', value: 2 }
          ],
          allowFailure: true,
          repeatable: true
        },
        { id: 'apology', agent: { agent: 'office@north.example' }, needs: [{ step: 'visa', on: 'NEED_STATE_FAILED' }] },
        {
          id: 'end',
          title: 'The end',
          agent: { agent: 'office@north.example' },
          needs: [{ step: 'flight', on: 'NEED_STATE_COMPLETED' }],
          textLanguage: 'en'
        }
      ],
      results: [{ name: 'confirmation', from: 'steps.flight.data.flight-confirmation' }]
    })
  })

  it('may be an object, and JSON', () => {
    const goal = { steps: { one: { agent: 'a@north.example' } } }
    assert.equal(readWorkflow(readWork({ goal })).steps[0]?.agent?.agent, 'a@north.example')
    assert.equal(readWorkflow(readWork({ source: JSON.stringify(goal) })).steps.length, 1)
    assert.throws(() => readWorkflow(readWork({ goal: { steps: { one: {} } }, file: 'x.json' })), {
      code: 'INVALID_ARGUMENT',
      message: 'x.json: steps.one: expected a capability or an agent'
    })
  })

  const step = (lines: string) => `steps:\n  one:\n    agent: a@north.example\n${lines.replace(/^/gm, '    ')}\n  two: { agent: b@north.example }\n`
  const wrong: [string, string, string][] = [
    ['no YAML', 'steps: [', 'trip.yaml:1:9: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['a key twice', 'name: a\nname: b', 'trip.yaml:2:1: a key is there twice'],
    ['a key that is a list', 'name: a\n[b, c]: d', 'trip.yaml:2:1: a key is not a text'],
    ['aliases', 'name: &a x\nsteps: { one: *a }', 'trip.yaml:1:1: expected YAML without aliases (*name)'],
    ['no map', '- a', 'trip.yaml:1:1: expected a workflow (steps) or a goal (want)'],
    ['no JSON', 'given: { a: .inf }\nsteps: {}', 'trip.yaml:1:10: given.a: is no value of JSON'],
    ['no steps', 'name: x\nsteps: {}', 'trip.yaml:2:1: steps: expected 1 to 10000 steps, got 0'],
    [
      'an unknown key',
      'name: x\nstep: {}\nsteps: { one: { agent: a@north.example } }',
      'trip.yaml:2:1: step: unknown key; expected one of name, description, given, deadline, parallel, budget, steps, results'
    ],
    ['a key misspelt', step('allowFailure: true'), 'trip.yaml:4:5: steps.one.allowFailure: unknown key; did you mean allow-failure?'],
    ['a wrong type', step('attempts: many'), 'trip.yaml:4:5: steps.one.attempts: expected a number from 1 to 20, got "many"'],
    ['a list for a map', step('inputs: [a]'), 'trip.yaml:4:5: steps.one.inputs: expected a map, got ["a"]'],
    ['a bare number', step('timeout: 30'), 'trip.yaml:4:5: steps.one.timeout: expected a duration such as 500ms, 30s or 10m, at most 14d, got 30'],
    ['a long pause', step('backoff: 2m'), 'trip.yaml:4:5: steps.one.backoff: expected a duration such as 500ms, 30s or 10m, at most 1m, got "2m"'],
    ['a flag', step('repeatable: maybe'), 'trip.yaml:4:5: steps.one.repeatable: expected true or false, got "maybe"'],
    ['a domain', step('domains: [north.example, Nope]'), 'trip.yaml:4:30: steps.one.domains.1: expected a domain such as north.example, got "Nope"'],
    [
      'a capability',
      'steps: { one: { capability: Travel } }',
      'trip.yaml:1:17: steps.one.capability: expected a capability such as travel/flight-booking, got "Travel"'
    ],
    ['an ID', 'steps: { One: { agent: a@north.example } }', 'trip.yaml:1:10: steps.One: not an ID of a step: "One"; 1 to 63 of a-z 0-9 - are wanted'],
    ['nobody', 'steps: { one: { text: hello } }', 'trip.yaml:1:10: steps.one: expected a capability or an agent'],
    [
      'no reference',
      step('inputs:\n  a: Oslo'),
      'trip.yaml:5:7: steps.one.inputs.a: expected a reference such as given.NAME, steps.ID.text or steps.ID.data.NAME, got "Oslo"; a value of its own is said as { value: "Oslo" }'
    ],
    ['neither', step('inputs: { a: { optional: true } }'), 'trip.yaml:4:15: steps.one.inputs.a: expected from or value'],
    ['an unknown step', step('inputs: { a: steps.three.text }'), 'trip.yaml:4:15: steps.one.inputs.a: there is no step "three"'],
    ['an unknown need', step('needs: [two, three]'), 'trip.yaml:4:18: steps.one.needs.1: there is no step "three"'],
    ['a need of itself', step('needs: one'), 'trip.yaml:4:5: steps.one.needs: a step cannot need itself'],
    ['an end', step('needs: { two: lost }'), 'trip.yaml:4:14: steps.one.needs.two: expected one of completed, failed, ended, got "lost"'],
    [
      'nothing given',
      step('inputs: { a: given.b }'),
      'trip.yaml:4:15: steps.one.inputs.a: nothing is given as "b"; give it, or say { from: given.b, optional: true }'
    ],
    ['a place', step('text: Hello {who}'), 'trip.yaml:4:5: steps.one.text: {who} is not an input of this step'],
    ['a condition', step('when: { steps.three.text: { exists: true } }'), 'trip.yaml:4:13: steps.one.when.steps.three.text: there is no step "three"'],
    [
      'a comparison',
      step('when: { given.a: { below: 3 } }'),
      'trip.yaml:4:24: steps.one.when.given.a.below: unknown key; expected one of is, not, less, at-most, more, at-least, one-of, contains, exists'
    ],
    ['no list', step('when: { given.a: { one-of: 3 } }'), 'trip.yaml:4:24: steps.one.when.given.a.one-of: expected a list, got 3'],
    ['no order', step('when: { given.a: { less: true } }'), 'trip.yaml:4:24: steps.one.when.given.a.less: expected a number or a text, got true'],
    ['a result', step('text: x') + 'results: { a: steps.three.text }', 'trip.yaml:6:12: results.a: there is no step "three"'],
    [
      'a circle',
      'steps:\n  a: { agent: x@north.example, needs: [c] }\n  b: { agent: x@north.example, inputs: { t: steps.a.text } }\n  c: { agent: x@north.example, when: { steps.b.text: hi } }',
      'trip.yaml:2:3: steps.a: the steps wait for each other: a -> c -> b -> a'
    ]
  ]
  for (const [name, source, message] of wrong)
    it(`is refused with its place: ${name}`, () => assert.throws(() => read(source), { code: 'INVALID_ARGUMENT', message }))

  it('is refused with all that is wrong at once, in order, the first five told', () => {
    const source = `parallel: 0\nsteps:\n${Array.from({ length: 6 }, (_, i) => `  s${i}: { attempts: 0, agent: a@north.example }\n`).join('')}`
    assert.throws(() => read(source), {
      message: /^trip.yaml:1:1: parallel: .*; trip.yaml:3:9: steps.s0.attempts: .*steps.s3.attempts.*; and 2 more$/,
      metadata: { key: 'parallel' }
    })
  })

  it('may have 10,000 steps and no more, and nesting has an end', function () {
    this.timeout(60_000)
    const many = (count: number) => ({
      steps: Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, { agent: 'a@north.example', needs: i === 0 ? [] : [`s${i - 1}`] }]))
    })
    assert.equal(readWorkflow(readWork({ goal: many(10_000) })).steps.length, 10_000)
    assert.throws(() => readWorkflow(readWork({ goal: many(10_001) })), { message: /expected 1 to 10000 steps, got 10001/ })
    assert.throws(() => read(`given: { a: ${'['.repeat(70)}${']'.repeat(70)} }\nsteps: {}`), { code: 'INVALID_ARGUMENT', message: /deeper than 64 levels/ })
    assert.throws(() => read(`given: ${'['.repeat(5_000)}`), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => read('x'.repeat(4_000_001)), { code: 'INVALID_ARGUMENT', message: /at most 4000000 characters/ })
  })
})
