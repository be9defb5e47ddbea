import assert from 'node:assert/strict'
import { writeEntries } from '../../../../src/wire/x509/crl-entries.ts'
import { DerError } from '../../../../src/wire/x509/der.ts'
import { sequence, time } from '../../../../src/wire/x509/der-writer.ts'
import { readEntries } from '../../../../src/wire/x509/read-entries.ts'
import { mutate } from '../../../fuzz/mutate.ts'
import { entry } from '../../../support/mint-any.ts'
import { seededRandom } from '../../../support/memory/random.ts'

const SEED = 20261129
const AT = Date.UTC(2026, 10, 29, 10, 20, 30)

describe('x509: entries of a revocation list', () => {
  it('as they were written: serials of one byte to twenty, with and without a sign byte, with reasons and without, to the second', () => {
    const serials = ['1', '7f', '80', 'ff', '100', '7' + 'f'.repeat(31), 'f'.repeat(39), '7' + '0'.repeat(39)]
    const entries = serials.map((serial, index) => ({ serial, at: AT + index * 86_399_000, reason: [0, 1, 3, 4, 5, 6, 9][index % 7] ?? 0 }))
    assert.deepEqual(
      [...readEntries(writeEntries(entries))],
      entries.map(({ serial, at, reason }) => [serial, { at, reason }])
    )
  })
  it('a hundred thousand, each once', () => {
    const entries = Array.from({ length: 100_000 }, (_, index) => ({ serial: (0x40000000 + index).toString(16), at: AT + index * 1000, reason: 4 }))
    const read = readEntries(writeEntries(entries))
    assert.equal(read.size, entries.length)
    for (const { serial, at } of entries) assert.deepEqual(read.get(serial), { at, reason: 4 })
  })
  it('a serial twice, a time that does not exist, a reason that does not exist: refused', () => {
    const one = { serial: '41', at: AT, reason: 1 }
    const good = writeEntries([one])
    assert.throws(() => readEntries(writeEntries([one, { ...one, reason: 4 }])), DerError)
    assert.throws(() => readEntries(Uint8Array.from([...good.subarray(0, -1), 7])), DerError)
    const changed = Buffer.from(good)
    changed.write('0231', changed.indexOf('1129'))
    assert.throws(() => readEntries(new Uint8Array(changed)), DerError)
    assert.throws(() => readEntries(sequence(time(AT))), DerError)
  })
  it(`changed at random, they are one entry after the other as each is alone, or refused (seed ${SEED})`, () => {
    const random = seededRandom(SEED)
    const pieces = [entry('41'), entry('80'), ...['1', 'ff'].map((serial) => writeEntries([{ serial, at: AT, reason: 5 }]))]
    const all = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
    for (let run = 0; run < 1_500; run++) {
      const part = pieces[run % pieces.length] ?? new Uint8Array()
      const changed = mutate(part, part, random)
      const alone = outcome(() => readEntries(changed))
      const between = outcome(() =>
        readEntries(all([writeEntries([{ serial: '7777', at: AT, reason: 1 }]), changed, writeEntries([{ serial: '7778', at: AT, reason: 0 }])]))
      )
      if (alone === undefined) continue
      assert.deepEqual(
        between?.filter(([serial]) => !serial.startsWith('777')),
        alone,
        Buffer.from(changed).toString('hex')
      )
    }
  })
})

function outcome(read: () => ReadonlyMap<string, unknown>): [string, unknown][] | undefined {
  try {
    return [...read()]
  } catch (error) {
    assert.ok(error instanceof DerError)
    return undefined
  }
}
