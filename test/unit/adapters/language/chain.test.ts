import assert from 'node:assert/strict'
import type { Backend, Job, Made } from '../../../../src/adapters/language/backend.ts'
import { Chain } from '../../../../src/adapters/language/chain.ts'
import { GuardedBackend } from '../../../../src/adapters/language/guarded-backend.ts'
import { mark, protectedSpans, render } from '../../../../src/core/translation/protect.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const pairs = [{ from: 'en', to: 'es' }]

function backend(name: string, translate: (text: string, job: Job) => Promise<Made | undefined> | Made | undefined): Backend & { asked: string[] } {
  const asked: string[] = []
  return {
    ...{ name, asked, version: () => '1', pairs: () => pairs },
    translate: (job) =>
      Promise.all(
        job.sentences.map(async (sentence) => {
          const text = render(sentence, (slot) => sentence.spans[slot]?.text ?? '')
          asked.push(text)
          return await translate(text, job)
        })
      )
  }
}
const chainOf = (backends: Backend[], order = backends.map(({ name }) => name)): Chain =>
  new Chain(backends, { order, pairs: {}, cache: 10 }, log, () => undefined)
const ask = (chain: Chain, texts: string[], signal = new AbortController().signal) => {
  const sentences = texts.map((text) => ({ plain: mark(text, protectedSpans(text)), withTerms: mark(text, protectedSpans(text)) }))
  return chain.translate(sentences, { from: 'en', to: 'es', glossary: '1', signal })
}

describe('chain of backends', () => {
  it('gives what one cannot do to the next, and remembers', async () => {
    const first = backend('memory', (text) => (text === 'a' ? { text: 'A', score: 0.9 } : undefined))
    const second = backend('apertium', (text) => (text === 'b' ? { text: 'B', score: 1 } : undefined))
    const chain = chainOf([first, second])
    const expected = [{ text: 'A', score: 0.9, engine: 'memory' }, { text: 'B', score: 1, engine: 'apertium' }, undefined]
    assert.deepEqual(await ask(chain, ['a', 'b', 'c']), expected)
    assert.deepEqual(await ask(chain, ['a', 'b', 'c']), expected)
    assert.deepEqual(second.asked, ['b', 'c', 'c'])
  })

  it('asks for a sentence that stands twice once', async () => {
    const one = backend('chat', (text) => ({ text, score: 1 }))
    await ask(chainOf([one]), ['a', 'a'])
    assert.deepEqual(one.asked, ['a'])
  })

  it('goes on when a backend fails or hangs, and leaves it alone after five failures in a row', async () => {
    const clock = new FakeClock()
    const hanging = backend('libretranslate', () => new Promise(() => undefined))
    const guarded = new GuardedBackend(hanging, 1_000, clock)
    const next = backend('chat', (text) => ({ text, score: 1 }))
    const chain = chainOf([guarded, next])
    for (const text of ['a', 'b', 'c', 'd', 'e']) assert.equal((await clock.run(ask(chain, [text])))[0]?.engine, 'chat')
    assert.equal(guarded.resting, true)
    assert.equal((await ask(chain, ['f']))[0]?.engine, 'chat')
    assert.equal(hanging.asked.length, 5)
    assert.equal(clock.pending, 0)
  })

  it('stops at once when the caller goes, which is no failure of the backend', async () => {
    const guarded = new GuardedBackend(
      backend('chat', () => new Promise(() => undefined)),
      1_000,
      new FakeClock()
    )
    const chain = chainOf([guarded])
    for (let time = 0; time < 6; time++) {
      const gone = new AbortController()
      const asked = ask(chain, ['a'], gone.signal)
      setImmediate(() => gone.abort())
      await assert.rejects(asked, { code: 'CANCELED' })
    }
    assert.equal(guarded.resting, false)
  })
})
