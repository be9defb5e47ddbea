import assert from 'node:assert/strict'
import { HansaError } from '../../src/schema/errors.ts'
import { fuzz, type Target } from './fuzz.ts'
import { TARGETS } from './targets.ts'
import { X509_TARGETS } from './x509-targets.ts'

const SEED = 20260101
const RUNS = 300
const text = new TextEncoder().encode('a valid input')

describe(`fuzz: readers of what strangers send (seed ${SEED}, more by npm run fuzz)`, () => {
  for (const target of [...TARGETS, ...X509_TARGETS]) {
    it(`${target.name}: read or refused with a reason`, () => {
      const { failure, accepted } = fuzz(target, RUNS, SEED)
      assert.equal(failure, undefined)
      assert.ok(accepted >= target.corpus.length)
    })
  }
})

describe('fuzz: what it found', () => {
  it('a name with a comma, which node:crypto shows in quotes (seed 5, certificates signed anew)', () => {
    const target = X509_TARGETS.find(({ name }) => name === 'certificates signed anew')
    const changed = Buffer.from(target?.corpus[0] ?? [])
    changed.write(',', changed.indexOf('agent/flight') + 'agen'.length)
    assert.ok(changed.includes('agen,/flight'))
    assert.equal(fuzz({ name: 'a comma', corpus: [new Uint8Array(changed)], read: (input) => target?.read(input) }, 0, SEED).failure, undefined)
  })
})

describe('fuzz: what it finds', () => {
  const failureOf = (read: Target['read']) => fuzz({ name: 'planted', corpus: [text], read }, RUNS, SEED).failure ?? 'none'

  it('a reader that crashes on a changed input, with the input', () => {
    const failure = failureOf((input) => {
      if (input.length < text.length) throw new TypeError('beyond the end')
    })
    assert.match(failure, /beyond the end[^]*; input \d+: [0-9a-f]*$/)
  })
  it('a reader that blames itself', () => {
    assert.match(
      failureOf((input) => {
        if (input.length > text.length) throw new HansaError('INTERNAL', 'impossible')
      }),
      /^INTERNAL: impossible/
    )
  })
  it('a reader that refuses what is valid', () => {
    assert.match(
      failureOf(() => {
        throw new HansaError('MALFORMED', 'no')
      }),
      /^a valid input is refused: MALFORMED no/
    )
  })
  it('the same with the same seed, something else with another', () => {
    const inputs = (seed: number) => {
      const seen: string[] = []
      fuzz({ name: 'all', corpus: [text], read: (input) => void seen.push(Buffer.from(input).toString('hex')) }, RUNS, seed)
      return seen.join()
    }
    assert.equal(inputs(1), inputs(1))
    assert.notEqual(inputs(1), inputs(2))
  })
})
