import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { HansaError } from '../../../src/schema/errors.ts'
import { PingRequestSchema, PingResponseSchema } from '../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { openRecord, sealRecord } from '../../../src/wire/signed-record.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const spki = publicKey.export({ type: 'spki', format: 'der' })
const check = (key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean =>
  verify(null, data, { key: Buffer.from(key), format: 'der', type: 'spki' }, signature)
const seal = () => sealRecord(PingRequestSchema, { payload: Uint8Array.of(1, 2, 3) }, (data) => sign(null, data, privateKey), [])

function refuses(code: string, fn: () => unknown): void {
  assert.throws(fn, (error) => error instanceof HansaError && error.code === code)
}

describe('signed records', () => {
  it('open as they were sealed', () => {
    assert.deepEqual(openRecord(PingRequestSchema, seal(), spki, check).payload, Uint8Array.of(1, 2, 3))
  })
  it('refuse every changed byte of the payload', () => {
    for (let index = 0; index < seal().payload.length; index++) {
      const record = seal()
      record.payload[index] = (record.payload[index] ?? 0) ^ 1
      refuses('SIGNATURE_INVALID', () => openRecord(PingRequestSchema, record, spki, check))
    }
  })
  it('refuse a record of another type, renamed or not', () => {
    refuses('MALFORMED', () => openRecord(PingResponseSchema, seal(), spki, check))
    const renamed = { ...seal(), type: PingResponseSchema.typeName }
    refuses('SIGNATURE_INVALID', () => openRecord(PingResponseSchema, renamed, spki, check))
  })
  it('refuse bytes that were signed well but are no message', () => {
    const schema = { ...PingRequestSchema }
    const payload = Uint8Array.of(0x0a, 0xff)
    const signature = sign(null, Buffer.concat([Buffer.from(`hansa-signed-record:v1\0${schema.typeName}\0`), payload]), privateKey)
    refuses('MALFORMED', () => openRecord(PingRequestSchema, { ...seal(), payload, signature }, spki, check))
  })
})
