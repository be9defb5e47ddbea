import assert from 'node:assert/strict'
import { checkGraph } from '../../../../src/core/task/check-graph.ts'
import { ConditionOperator } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { type GraphInit, graphOf, type StepInit, value } from './task-world.ts'

const a: StepInit = { id: 'a' }
const EQUAL = ConditionOperator.EQUAL

const refused: [string, StepInit[], RegExp, GraphInit?][] = [
  ['no steps', [], /no steps/],
  ['too many steps', Array.from({ length: 10_001 }, (_, at) => ({ id: `s${at}` })), /10001 steps/],
  ['a bad ID', [{ id: 'A b' }], /no ID/],
  ['an ID twice', [a, a], /same ID/],
  ['a need that is not there', [{ ...a, needs: [{ step: 'b' }] }], /no step "b"/],
  ['a need twice', [{ id: 'b' }, { ...a, needs: [{ step: 'b' }, { step: 'b' }] }], /needs b twice/],
  ['an input from a step that is not there', [{ ...a, inputs: [{ name: 'x', from: 'steps.b.text' }] }], /no step "b"/],
  ['a condition on a step that is not there', [{ ...a, conditions: [{ from: 'steps.b.text', operator: ConditionOperator.EXISTS }] }], /no step "b"/],
  ['a result from a step that is not there', [a], /result x has no good/, { results: [{ name: 'x', from: 'steps.b.text' }] }],
  ['a bad reference', [{ ...a, inputs: [{ name: 'x', from: 'steps.a.body' }] }], /not a reference: "steps.a.body"/],
  ['an input of which nothing is given', [{ ...a, inputs: [{ name: 'x', from: 'given.y' }] }], /nothing of that name is given/],
  ['two inputs of one name', [{ ...a, inputs: [{ name: 'x', value: value(1) }, { name: 'x', value: value(2) }] }], /two inputs x/], // prettier-ignore
  ['an input with a value and a reference', [{ ...a, inputs: [{ name: 'x', from: 'given.y', value: value(1) }] }], /both a value and a reference/],
  ['an input without a good name', [{ ...a, inputs: [{ name: 'x.y', value: value(1) }] }], /not a name of an input/],
  ['a text with a name that no input has', [{ ...a, text: 'to {where}' }], /\{where\}/],
  ['a step that waits for itself', [{ ...a, inputs: [{ name: 'x', from: 'steps.a.text' }] }], /waits for itself/],
  [
    'a circle',
    [
      { id: 'a', needs: [{ step: 'c' }] },
      { id: 'b', needs: [{ step: 'a' }] },
      { id: 'c', needs: [{ step: 'b' }] }
    ],
    /wait for each other: a -> c -> b -> a/
  ],
  ['no agent', [{ id: 'a', agent: {} }], /neither an agent nor a capability/],
  ['a bad handle', [{ id: 'a', agent: { agent: 'nobody' } }], /not a handle/],
  ['a bad capability', [{ id: 'a', agent: { capability: 'No Capability' } }], /not a capability/],
  ['a bad domain', [{ id: 'a', agent: { capability: 'x', domains: ['x'] } }], /not a trust domain/],
  ['a bad language', [{ id: 'a', agent: { capability: 'x', language: 'no language' } }], /not a language/],
  ['a bad language of its text', [{ ...a, textLanguage: '?' }], /not a language/],
  ['too many attempts', [{ ...a, attempts: 21 }], /0 to 20/],
  ['too long a back-off', [{ ...a, backoffMs: 60_001 }], /at most 60000/],
  ['too long a timeout', [{ ...a, timeoutMs: 2 ** 32 - 1 }], /at most 1209600000/],
  ['too many at a time', [a], /0 to 256/, { parallel: 257 }],
  ['too long a deadline', [a], /deadline/, { deadlineMs: 2n ** 60n }],
  ['a condition without an operator', [{ ...a, conditions: [{ from: 'given.x' }] }], /how to compare/],
  ['a condition without a value', [{ ...a, conditions: [{ from: 'given.x', operator: EQUAL }] }], /nothing to compare with/],
  ['one of what is no list', [{ ...a, conditions: [{ from: 'given.x', operator: ConditionOperator.ONE_OF, value: value(1) }] }], /wants a list/]
]

describe('core/task checkGraph', () => {
  for (const [what, steps, message, rest] of refused)
    it(`refuses ${what}`, () => {
      assert.throws(() => checkGraph(graphOf(steps, rest)), { code: 'INVALID_ARGUMENT', message })
    })

  it('says of which step', () => {
    assert.throws(() => checkGraph(graphOf([a, { id: 'b', attempts: 99 }])), { metadata: { step: 'b' } })
  })

  it('takes a graph with all there is', () => {
    const steps: StepInit[] = [
      { id: 'flight', agent: { capability: 'travel/flight', language: 'en-GB', domains: ['x.example'] }, outputs: ['confirmation'], attempts: 20 },
      {
        id: 'visa',
        agent: { agent: 'visa@x.example' },
        text: 'A visa for {who}, on {"flight": "{flight}"}',
        inputs: [
          { name: 'who', from: 'given.who.name' },
          { name: 'flight', from: 'steps.flight.data.confirmation' },
          { name: 'form', from: 'given.form', optional: true }
        ],
        conditions: [{ from: 'given.citizen', operator: EQUAL, value: value(false) }]
      }
    ]
    checkGraph(graphOf(steps, { given: { who: value({ name: 'Ada' }) }, results: [{ name: 'visa', from: 'steps.visa.files' }], deadlineMs: 60_000n }))
  })
})
