import { create, type DescMessage, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf'
import type { Verify } from '../core/crypto.ts'
import { HansaError } from '../schema/errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../schema/generated/hansa/v1/call_pb.ts'
import { decode } from './decode.ts'

/** Keeps signatures over records apart from every other use of the same key (noise, TLS, CSR, JWS). A network constant. */
const DOMAIN = new TextEncoder().encode('hansa-signed-record:v1\0')

/** The exact bytes that a signature covers: domain string, type, zero byte, payload. */
export function signedBytes(type: string, payload: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(type)
  const bytes = new Uint8Array(DOMAIN.length + name.length + 1 + payload.length)
  bytes.set(DOMAIN)
  bytes.set(name, DOMAIN.length)
  bytes.set(payload, DOMAIN.length + name.length + 1)
  return bytes
}

export function sealRecord<S extends DescMessage>(
  schema: S,
  value: MessageInitShape<S>,
  sign: (data: Uint8Array) => Uint8Array,
  chain: readonly Uint8Array[]
): SignedRecord {
  const payload = toBinary(schema, create(schema, value))
  return create(SignedRecordSchema, { type: schema.typeName, payload, signature: sign(signedBytes(schema.typeName, payload)), chain: [...chain] })
}

/** Checks type and signature by the key in `spki` (which the caller took from a verified chain), then decodes. */
export function openRecord<S extends DescMessage>(schema: S, record: SignedRecord, spki: Uint8Array, verify: Verify): MessageShape<S> {
  if (record.type !== schema.typeName)
    throw new HansaError('MALFORMED', `a record of type ${JSON.stringify(record.type.slice(0, 80))} where ${schema.typeName} is wanted`)
  if (!verify(spki, signedBytes(record.type, record.payload), record.signature))
    throw new HansaError('SIGNATURE_INVALID', `the signature of a ${schema.typeName} does not fit its bytes`)
  return decode(schema, record.payload)
}
