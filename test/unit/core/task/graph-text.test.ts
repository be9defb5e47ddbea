import assert from 'node:assert/strict'
import { graphMermaid } from '../../../../src/core/task/graph-mermaid.ts'
import { graphText } from '../../../../src/core/task/graph-text.ts'
import { ConditionOperator, NeedState } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { graphOf, value } from './task-world.ts'

const travel = graphOf([
  {
    id: 'visa',
    title: 'Ask for "a" <visa>',
    agent: { capability: 'travel/visa', language: 'en', domains: ['north.example', 'south.example'] },
    inputs: [
      { name: 'flight', from: 'steps.flight.data.confirmation' },
      { name: 'days', value: value(3) },
      { name: 'note', from: 'given.note', optional: true }
    ],
    conditions: [{ from: 'given.citizen', operator: ConditionOperator.EQUAL, value: value(false) }],
    outputs: ['visa'],
    repeatable: true
  },
  { id: 'flight', agent: { agent: 'fly@north.example' }, attempts: 5, timeoutMs: 1_000 },
  { id: 'undo', needs: [{ step: 'visa', on: NeedState.FAILED }] },
  { id: 'tell', needs: [{ step: 'visa', on: NeedState.ENDED }], allowFailure: true }
])

describe('core/task graphs for people', () => {
  it('as lines, in the order in which the steps can run', () => {
    assert.deepEqual(graphText(travel), [
      '1. flight: fly@north.example',
      '     5 attempts, 1000 ms each',
      '2. visa (Ask for "a" <visa>): travel/visa in en at north.example or south.example, after flight',
      '     flight <- steps.flight.data.confirmation',
      '     days <- 3',
      '     note <- given.note (if there)',
      '     only if given.citizen is false',
      '     -> visa',
      '     may be done twice',
      '3. undo: work, after visa has failed',
      '3. tell: work, after visa has ended',
      '     may fail'
    ])
  })

  it('as Mermaid, with nothing of a label as markup', () => {
    assert.equal(
      graphMermaid(travel),
      [
        'flowchart TD',
        '  s0{{"visa: Ask for #34;a#34; #60;visa#62;<br/>travel/visa in en at north.example or south.example<br/>if given.citizen is false"}}',
        '  s1["flight<br/>fly@north.example"]',
        '  s2["undo<br/>work"]',
        '  s3["tell<br/>work"]',
        '  s1 --> s0',
        '  s0 -. failed .-> s2',
        '  s0 -. ended .-> s3',
        ''
      ].join('\n')
    )
  })
})
