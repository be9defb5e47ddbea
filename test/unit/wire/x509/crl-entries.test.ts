import assert from 'node:assert/strict'
import { writeEntries } from '../../../../src/wire/x509/crl-entries.ts'
import { element, extension, integer, sequence, time } from '../../../../src/wire/x509/der-writer.ts'
import { TAG } from '../../../../src/wire/x509/der.ts'
import { OIDS } from '../../../../src/wire/x509/oids.ts'
import { unhex } from '../../../../src/core/ids/hex.ts'

/** The same by the general writer. */
function slowly({ serial, at, reason }: { serial: string; at: number; reason: number }): Buffer {
  const digits = unhex(serial.length % 2 === 0 ? serial : `0${serial}`) ?? new Uint8Array()
  const why = reason === 0 ? [] : [sequence(extension(OIDS.crlReason, false, element(TAG.enumerated, Uint8Array.of(reason))))]
  return Buffer.from(sequence(integer(digits), time(at), ...why))
}

describe('entries of a revocation list', () => {
  it('are what the general writer makes of them: odd digits, high bits, zeros before, days, midnights, years from 2050 on', () => {
    const serials = ['5', '05', 'f', '7f', '80', '0080', 'abc', 'f'.repeat(40), '4'.repeat(39)]
    const times = [
      Date.UTC(2026, 0, 1),
      Date.UTC(2026, 0, 1, 23, 59, 59, 999),
      Date.UTC(2026, 1, 28, 7, 8, 9),
      Date.UTC(2049, 11, 31),
      Date.UTC(2050, 0, 1, 1, 2, 3)
    ]
    const entries = serials.flatMap((serial) => times.map((at, index) => ({ serial, at, reason: [0, 1, 6, 9, 4][index] ?? 0 })))
    assert.deepEqual(Buffer.from(writeEntries(entries)), Buffer.concat(entries.map(slowly)))
  })

  it('grow beyond the first room', () => {
    const entries = Array.from({ length: 5000 }, (_, i) => ({ serial: (i + 1).toString(16), at: Date.UTC(2026, 0, 1) + i * 61_000, reason: 1 }))
    assert.deepEqual(Buffer.from(writeEntries(entries)), Buffer.concat(entries.map(slowly)))
  })

  it('without a serial, with one that is too long or no number are not written', () => {
    for (const serial of ['', '0', '00', 'f'.repeat(41), 'XY', '1-'])
      assert.throws(() => writeEntries([{ serial, at: 0, reason: 0 }]), { name: 'DerError' }, serial)
  })
})
