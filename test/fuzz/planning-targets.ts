import assert from 'node:assert/strict'
import { readCardFacts } from '../../src/core/directory/card-facts.ts'
import { plan } from '../../src/core/task/plan.ts'
import { readGoal } from '../../src/node/task/read-goal.ts'
import { readWork } from '../../src/node/task/read-work.ts'
import { readWorkflow } from '../../src/node/task/read-workflow.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { skill } from '../support/plan-world.ts'
import type { Target } from './fuzz.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const workOf = (input: Uint8Array) => readWork({ source: new TextDecoder().decode(input), file: 'work.yaml' })

const SKILLS = [skill('a@north.example', ['destination'], ['ticket']), skill('b@south.example', ['ticket', 'passport'], ['visa'])]

/** Readers of what leads to a plan: cards of strangers, and files of whoever may use the admin API. */
export const planningTargets: readonly Target[] = [
  {
    name: 'facts of cards',
    corpus: [
      {
        skills: [{ id: 'book', tags: ['travel'] }],
        capabilities: {
          streaming: true,
          extensions: [{ uri: 'urn:hansa:facts', params: { skills: { book: { inputs: ['destination'], outputs: ['ticket'] } } } }]
        }
      },
      { capabilities: { extensions: [{ uri: 'https://example.com/a', description: 'x', required: true, params: {} }] } }
    ].map((card) => bytesOf(JSON.stringify(card))),
    read(input) {
      const { extensions, skills } = readCardFacts(input, ['travel'])
      assert.ok(extensions.length <= 32 && skills.length <= 32)
      for (const { inputs, outputs } of skills) for (const fact of [...inputs, ...outputs]) assert.match(fact, /^[a-z0-9-]{1,63}$/)
    }
  },
  {
    name: 'workflows',
    corpus: [
      `name: Trip\ngiven: { destination: Oslo }\ndeadline: 10m\nsteps:\n  flight:\n    capability: travel/flight\n    text: 'To {destination}'\n    inputs: { destination: given.destination }\n    outputs: [ticket]\n  visa:\n    agent: visa@south.example\n    inputs: { ticket: steps.flight.data.ticket, note: { value: [1, null] } }\n    when: [ { steps.flight.data.price: { less: 5 } } ]\n    needs: { flight: completed }\nresults: { ticket: steps.flight.data.ticket }\n`,
      '{"steps":{"one":{"agent":"a@north.example","when":{"given.a":{"one-of":[1,"b"]}}}}}'
    ].map(bytesOf),
    read(input) {
      assert.ok(readWorkflow(workOf(input)).steps.length >= 1)
    }
  },
  {
    name: 'goals',
    corpus: [
      'want: [visa]\ngiven: { destination: Oslo, passport: P1 }\nlanguages: [en]\nbudget: 7\ndeadline: 1h\n',
      '{"want":"ticket","given":{"destination":1}}'
    ].map(bytesOf),
    read(input) {
      const goal = readGoal(workOf(input))
      try {
        assert.ok(plan(goal, SKILLS, 'north.example').steps.length <= SKILLS.length)
      } catch (thrown) {
        if (!(thrown instanceof HansaError) || thrown.code !== 'NO_PLAN') throw thrown
        assert.notEqual(thrown.metadata['missing'], '')
      }
    }
  }
]
