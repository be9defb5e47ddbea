import { create, type JsonValue } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { holds } from '../../../../src/core/task/condition.ts'
import { conditionText } from '../../../../src/core/task/condition-text.ts'
import { dependenciesOf } from '../../../../src/core/task/dependencies.ts'
import { knownOf } from '../../../../src/core/task/known-of.ts'
import { parseReference, resolveReference } from '../../../../src/core/task/reference.ts'
import { runResults } from '../../../../src/core/task/run-results.ts'
import { stepMessage } from '../../../../src/core/task/step-message.ts'
import { ConditionOperator, NeedState, StepConditionSchema, type TaskRun, TaskRunSchema, WorkState } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { type GraphInit, graphOf, type StepInit, value } from './task-world.ts'

const file = { name: 'ticket.pdf', mediaType: 'application/pdf', sha256: new Uint8Array([1, 255]), size: 3n }

/** Step a has completed with all there is, b has failed with a text. */
function runOf(steps: StepInit[] = [{ id: 'a' }, { id: 'b' }], rest: GraphInit = {}): TaskRun {
  return create(TaskRunSchema, {
    graph: graphOf(steps, { given: { who: value({ name: 'Ada', tags: ['x', { y: 1 }], none: null }) }, ...rest }),
    steps: [
      {
        step: 'a',
        state: WorkState.COMPLETED,
        attempts: [{ number: 1, agent: 'one@x.example' }, { number: 2 }],
        output: { text: 'done', data: { n: 1, deep: { list: [10, 20] } }, files: [file] }
      },
      { step: 'b', state: WorkState.FAILED, output: { text: 'half' } }
    ]
  })
}

function find(from: string): JsonValue | undefined {
  const reference = parseReference(from)
  assert.ok(reference !== undefined, from)
  const found = resolveReference(reference, knownOf(runOf()))
  return found?.kind === 'files' ? found.files.map(({ name }) => name) : found?.json
}

describe('core/task references', () => {
  const table: [string, JsonValue | undefined][] = [
    ['given.who.name', 'Ada'],
    ['given.who.tags.1.y', 1],
    ['given.who.none', null],
    ['given.who.none.more', undefined],
    ['given.who.name.length', undefined],
    ['given.who.tags.length', undefined],
    ['given.who.tags.-1', undefined],
    ['given.who.tags.01', undefined],
    ['given.who.constructor', undefined],
    ['given.who.__proto__', undefined],
    ['given.constructor', undefined],
    ['given.__proto__', undefined],
    ['given.nobody', undefined],
    ['steps.a.text', 'done'],
    ['steps.a.data', { n: 1, deep: { list: [10, 20] } }],
    ['steps.a.data.deep.list.1', 20],
    ['steps.a.data.toString', undefined],
    ['steps.a.files', ['ticket.pdf']],
    ['steps.a.agent', 'one@x.example'],
    ['steps.b.text', 'half'],
    ['steps.b.data', undefined],
    ['steps.b.files', undefined],
    ['steps.c.text', undefined]
  ]
  for (const [from, wanted] of table) it(`${from} is ${JSON.stringify(wanted)}`, () => assert.deepEqual(find(from), wanted))

  for (const bad of [
    '',
    'given',
    'given.',
    'given.x.',
    'given..x',
    'steps',
    'steps.a',
    'steps.a.body',
    'steps.a.text.x',
    'steps..text',
    'other.a',
    'given.' + 'x'.repeat(600)
  ])
    it(`${JSON.stringify(bad.slice(0, 20))} is none`, () => assert.equal(parseReference(bad), undefined))
})

describe('core/task dependencies', () => {
  it('are what inputs, conditions and needs name, completed unless needs say otherwise', () => {
    const { steps } = graphOf([
      {
        id: 'x',
        inputs: [{ name: 'p', from: 'steps.a.text' }, { name: 'q', from: 'given.q' }, { name: 'r', from: 'steps.b.text' }],
        conditions: [{ from: 'steps.c.data', operator: ConditionOperator.EXISTS }],
        needs: [{ step: 'b', on: NeedState.ENDED }, { step: 'd', on: NeedState.FAILED }, { step: 'e' }]
      }
    ]) // prettier-ignore
    assert.ok(steps[0] !== undefined)
    assert.deepEqual(Object.fromEntries(dependenciesOf(steps[0])), {
      a: NeedState.COMPLETED,
      b: NeedState.ENDED,
      c: NeedState.COMPLETED,
      d: NeedState.FAILED,
      e: NeedState.COMPLETED
    })
  })
})

describe('core/task conditions', () => {
  const { EXISTS, MISSING, EQUAL, NOT_EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL, ONE_OF, CONTAINS } = ConditionOperator
  const table: [string, ConditionOperator, JsonValue | undefined, boolean, string?][] = [
    ['given.who.name', EXISTS, undefined, true, 'given.who.name is there'],
    ['given.who.none', EXISTS, undefined, true],
    ['given.x', EXISTS, undefined, false],
    ['steps.a.files', EXISTS, undefined, true],
    ['given.x', MISSING, undefined, true, 'given.x is missing'],
    ['given.who.name', MISSING, undefined, false],
    ['given.who.name', EQUAL, 'Ada', true, 'given.who.name is "Ada"'],
    ['steps.a.data.n', EQUAL, '1', false],
    ['steps.a.data.deep', EQUAL, { list: [10, 20] }, true],
    ['steps.a.data.deep', EQUAL, { list: [20, 10] }, false],
    ['steps.a.data.deep', EQUAL, {}, false],
    ['given.x', EQUAL, null, false],
    ['given.x', NOT_EQUAL, 1, true],
    ['steps.a.data.n', NOT_EQUAL, 1, false, 'steps.a.data.n is not 1'],
    ['steps.a.data.n', LESS, 2, true],
    ['steps.a.data.n', LESS, 1, false],
    ['steps.a.data.n', LESS_OR_EQUAL, 1, true],
    ['steps.a.data.n', GREATER, 0, true],
    ['steps.a.data.n', GREATER, '0', false],
    ['steps.a.data.n', GREATER_OR_EQUAL, 2, false],
    ['given.who.name', LESS, 'Bob', true],
    ['given.x', LESS, 1, false],
    ['given.who.name', ONE_OF, ['Ada', 'Bob'], true],
    ['given.who.name', ONE_OF, [], false],
    ['given.who.name', CONTAINS, 'da', true],
    ['given.who.name', CONTAINS, 1, false],
    ['given.who.tags', CONTAINS, { y: 1 }, true],
    ['given.who', CONTAINS, 'name', false],
    ['steps.a.files', CONTAINS, 'ticket.pdf', false]
  ]
  for (const [from, operator, json, wanted, words] of table) {
    const condition = create(StepConditionSchema, { from, operator, value: json === undefined ? undefined : value(json) })
    it(`${conditionText(condition)}: ${wanted}`, () => {
      assert.equal(holds(condition, knownOf(runOf())), wanted)
      if (words !== undefined) assert.equal(conditionText(condition), words)
    })
  }
})

describe('core/task stepMessage', () => {
  const said = (step: StepInit) => {
    const definition = graphOf([step]).steps[0]
    assert.ok(definition !== undefined)
    return stepMessage(definition, knownOf(runOf()))
  }

  it('fills the text, and has inputs as data and files as files', () => {
    const inputs = [
      { name: 'who', from: 'given.who.name' },
      { name: 'n', from: 'steps.a.data.deep' },
      { name: 'papers', from: 'steps.a.files' },
      { name: 'extra', from: 'given.extra', optional: true },
      { name: 'fixed', value: value('{who}') }
    ]
    const { text, data, files } = said({ id: 'x', text: '{who}: {n} {papers}[{extra}] {fixed} {other} {"a":1}', inputs })
    assert.equal(text, 'Ada: {"list":[10,20]} ticket.pdf[] {who} {other} {"a":1}')
    assert.deepEqual(data, { who: 'Ada', n: { list: [10, 20] }, fixed: '{who}' })
    assert.deepEqual(files.map(({ name }) => name), ['ticket.pdf']) // prettier-ignore
  })

  it('says the title, or the capability, where there is no text', () => {
    assert.deepEqual(said({ id: 'x', title: 'Fly', agent: { capability: 'travel' } }), { text: 'Fly', data: undefined, files: [] })
    assert.equal(said({ id: 'x', agent: { capability: 'travel' } }).text, 'travel')
    assert.equal(said({ id: 'x', agent: { agent: 'a@x.example' } }).text, 'x')
  })
})

describe('core/task runResults', () => {
  it('are what the graph refers to, as far as it is there', () => {
    const results = [
      { name: 'n', from: 'steps.a.data.n' },
      { name: 'papers', from: 'steps.a.files' },
      { name: 'later', from: 'steps.b.data.x' },
      { name: 'fixed', value: value(true) }
    ]
    assert.deepEqual(runResults(runOf(undefined, { results })), {
      n: 1,
      papers: [{ name: 'ticket.pdf', mediaType: 'application/pdf', size: 3, sha256: '01ff' }],
      fixed: true
    })
  })

  it('are else what the completed steps at the end have put out', () => {
    const all = runResults(runOf())
    assert.deepEqual(Object.keys(all), ['a'])
    assert.deepEqual(all['a'], {
      text: 'done',
      data: { n: 1, deep: { list: [10, 20] } },
      files: [{ name: 'ticket.pdf', mediaType: 'application/pdf', size: 3, sha256: '01ff' }]
    })
    assert.deepEqual(runResults(runOf([{ id: 'a' }, { id: 'b', needs: [{ step: 'a' }] }])), {})
  })
})
