import { create, type MessageInitShape } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { type Candidate, chooseAgent, type ChoiceContext } from '../../../../src/core/task/choose-agent.ts'
import { promise, withAttempt } from '../../../../src/core/task/merit.ts'
import { type AgentMerit, AgentCriteriaSchema } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'

const NOW = 1_000_000

function candidate(name: string, more: Partial<Candidate> = {}): Candidate {
  const domain = more.domain ?? 'x.example'
  return {
    handle: `${name}@${domain}`,
    domain,
    languages: ['en'],
    capabilities: ['travel/visa'],
    score: 0.5,
    idempotent: true,
    online: true,
    skills: [],
    ...more
  }
}

function choose(candidates: Candidate[], criteria: MessageInitShape<typeof AgentCriteriaSchema> = {}, more: Partial<ChoiceContext> = {}): string | undefined {
  const choice = chooseAgent(candidates, {
    criteria: create(AgentCriteriaSchema, criteria),
    ownDomain: 'x.example',
    merits: new Map(),
    load: new Map(),
    avoid: [],
    now: NOW,
    key: 'run/step',
    ...more
  })
  return choice.agent === undefined ? choice.reason : choice.agent.handle.split('@')[0]
}

function merit(good: number, bad: number, at = 0): AgentMerit {
  let made = withAttempt(undefined, { kind: 'merit', agent: 'a', succeeded: true, ms: 100 }, at)
  for (let n = 1; n < good; n++) made = withAttempt(made, { kind: 'merit', agent: 'a', succeeded: true, ms: 100 }, at)
  for (let n = 0; n < bad; n++) made = withAttempt(made, { kind: 'merit', agent: 'a', succeeded: false, ms: 100 }, at)
  return made
}

describe('core/task chooseAgent', () => {
  const skill = (outputs: string[], inputs: string[], capabilities = ['travel/visa']) => ({ id: 's', capabilities, inputs, outputs })
  const fits: [string, MessageInitShape<typeof AgentCriteriaSchema>, Partial<Candidate>, boolean][] = [
    ['its name', { agent: 'a@x.example' }, {}, true],
    ['another name', { agent: 'b@x.example' }, {}, false],
    ['its capability', { capability: 'travel' }, {}, true],
    ['a capability that only begins so', { capability: 'travel/vis' }, {}, false],
    ['its language', { language: 'de' }, { languages: ['de-AT'] }, true],
    ['another language', { language: 'de' }, {}, false],
    ['its domain', { domains: ['y.example', 'x.example'] }, {}, true],
    ['another domain', { domains: ['y.example'] }, {}, false],
    ['a skill with all that is wanted', { planned: true, outputs: ['visa'], given: ['name', 'more'] }, { skills: [skill(['visa', 'fee'], ['name'])] }, true],
    ['a skill that needs more than is given', { planned: true, outputs: ['visa'], given: [] }, { skills: [skill(['visa'], ['name'])] }, false],
    ['what two skills put out, but no one', { planned: true, outputs: ['a', 'b'] }, { skills: [skill(['a'], []), skill(['b'], [])] }, false],
    ['a skill under another capability', { planned: true, capability: 'travel', outputs: ['a'] }, { skills: [skill(['a'], [], ['tax'])] }, false],
    ['outputs without a plan, whatever is needed', { outputs: ['a'] }, { skills: [skill(['a'], ['x'])] }, true]
  ]
  for (const [what, criteria, more, wanted] of fits)
    it(`${wanted ? 'takes' : 'does not take'} an agent for ${what}`, () => assert.equal(choose([candidate('a', more)], criteria) === 'a', wanted))

  it('says why nobody fits', () => {
    const reason = choose([candidate('a'), candidate('b')], { capability: 'travel/visa', language: 'de' })
    assert.equal(reason, 'no agent for travel/visa in de: of 2 found, none knows that language')
  })

  const better: [string, Candidate, Candidate, Partial<ChoiceContext>?][] = [
    ['one that has not been tried', candidate('good'), candidate('bad', { score: 1 }), { avoid: ['bad@x.example'] }],
    ['one that is online', candidate('good'), candidate('bad', { online: false, score: 1 })],
    ['even one that was tried, to one that is offline', candidate('good'), candidate('bad', { online: false }), { avoid: ['good@x.example'] }],
    ['one of the own domain', candidate('good'), candidate('bad', { domain: 'y.example' })],
    ['one that is found better', candidate('good', { score: 1 }), candidate('bad', { score: 0 })],
    ['one that has less to do', candidate('good'), candidate('bad'), { load: new Map([['bad@x.example', 1]]) }],
    ['one that has done well', candidate('good'), candidate('bad'), { merits: new Map([['good@x.example', merit(20, 1)]]) }],
    ['one that has not just failed', candidate('good'), candidate('bad'), { merits: new Map([['bad@x.example', merit(20, 1, NOW)], ['good@x.example', merit(20, 1)]]) }] // prettier-ignore
  ]
  for (const [what, good, bad, more] of better)
    for (const key of ['one', 'two', 'three', 'four'])
      it(`prefers ${what} (${key})`, () => {
        assert.equal(choose([good, bad], {}, { ...more, key }), 'good')
        assert.equal(choose([bad, good], {}, { ...more, key }), 'good')
      })

  it('lets equals share the work, the same key always at the same one', () => {
    const equals = ['a', 'b', 'c', 'd'].map((name) => candidate(name))
    const counts = new Map<string, number>()
    for (let key = 0; key < 400; key++) {
      const name = choose(equals, {}, { key: `run/s${key}` }) ?? ''
      assert.equal(choose(equals.toReversed(), {}, { key: `run/s${key}` }), name)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    assert.deepEqual([...counts.keys()].sort(), ['a', 'b', 'c', 'd'])
    for (const count of counts.values()) assert.ok(count > 60 && count < 140, `${count} of 400`)
  })
})

describe('core/task merit', () => {
  it('counts, and smooths the time', () => {
    const one = withAttempt(undefined, { kind: 'merit', agent: 'a', succeeded: true, ms: 100 }, 5)
    assert.equal(one.ms, 100)
    const two = withAttempt(one, { kind: 'merit', agent: 'a', succeeded: false, ms: 200 }, 7)
    assert.deepEqual([two.succeeded, two.failed, two.ms, two.lastFailedAt], [1, 1, 120, 7n])
    assert.equal(one.failed, 0)
  })

  it('promises one half of a stranger, and less of who has just failed, for a while', () => {
    assert.equal(promise(undefined, NOW), 0.5)
    const failed = merit(8, 2, NOW)
    assert.ok(promise(failed, NOW) < 0.4)
    assert.ok(promise(failed, NOW + 60_000) > promise(failed, NOW))
    assert.ok(Math.abs(promise(failed, NOW + 3_600_000) - 0.75) < 0.001)
  })
})
