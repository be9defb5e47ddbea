import assert from 'node:assert/strict'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { PeerIdentity } from '../../../../../src/ports/identity.ts'
import { readMessage } from '../../../../../src/wire/messages.ts'
import type { ErrorCode, HansaError } from '../../../../../src/schema/errors.ts'
import { SignedRecordSchema } from '../../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { OriginAssertionSchema, type RelayHeaderSchema } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { call, collect, EAST, echo, type Gateway, header, identity, NORTH, say, SOUTH, World } from './world.ts'

const HOUR = 3_600_000

describe('what a gateway refuses (draft 3.4.4)', () => {
  let world: World
  let north: Gateway
  let south: Gateway
  let east: Gateway
  let handle: string

  beforeEach(async () => {
    world = new World()
    ;[north, south, east] = [world.gateway(NORTH), world.gateway(SOUTH, { callsPerPrincipal: 3 }), world.gateway(EAST)]
    for (const { plane } of [north, south, east]) await plane.start()
    handle = world.agent('flight', south, echo)
    world.route(handle, north, south)
    world.route(handle, east, south)
  })

  /** The word of `from` for a caller, as `change` would have it. */
  function word(from: Gateway, change: MessageInitShape<typeof OriginAssertionSchema> = {}) {
    const now = BigInt(world.clock.now())
    const fields = {
      issuer: from.identity.spiffeId,
      principal: `spiffe://${from.identity.domain}/agent/a`,
      audience: SOUTH,
      issuedAt: now,
      expiresAt: now + 300_000n
    }
    return from.records.seal(OriginAssertionSchema, { ...fields, ...change })
  }

  /** Sends a relay header from `from`'s node straight to the south gateway. */
  async function relay(from: Gateway, change: MessageInitShape<typeof RelayHeaderSchema> = {}): Promise<unknown> {
    const self = from.identity
    const good = {
      callId: 'c1',
      target: handle,
      operation: 'SendMessage',
      hopLimit: 16,
      path: [self.spiffeId],
      origin: word(from),
      principal: `spiffe://${self.domain}/agent/a`
    }
    const stream = await from.rpc.open({ peer: south.identity.peer }, methods.relay, header({ ...good, ...change }))
    stream.write({ bytes: new Uint8Array(), last: true }).catch(() => undefined)
    return readMessage(stream, 1e6)
  }

  function refused(promise: Promise<unknown>, code: ErrorCode, at: PeerIdentity = south.identity): Promise<void> {
    return assert.rejects(promise, (error: HansaError) => {
      assert.equal(error.code, code, error.message)
      assert.equal(error.metadata['at'], at.spiffeId)
      return true
    })
  }

  it('lets a well-formed relay pass, so that the refusals below are for their own reasons', async () => {
    assert.ok(await relay(north))
  })

  it('a relay without the word of its first gateway', () => refused(relay(north, { origin: undefined }), 'UNAUTHENTICATED'))

  it('a word with a wrong signature', () =>
    refused(relay(north, { origin: create(SignedRecordSchema, { ...word(north), signature: new TextEncoder().encode('forged') }) }), 'SIGNATURE_INVALID'))

  it('known signature, other payload', async () => {
    const good = word(north)
    await relay(north, { origin: good })
    const before = south.counted.opened
    const origin = create(SignedRecordSchema, { ...good, payload: word(north, { principal: 'spiffe://north.example/agent/king' }).payload })
    await relay(north, { origin, principal: 'spiffe://north.example/agent/king' }).catch(() => undefined)
    assert.equal(south.counted.opened, before + 1, 'the signature is checked again')
  })

  it('the word of somebody who is no gateway', () => {
    const origin = create(SignedRecordSchema, { ...word(north), signature: new TextEncoder().encode('spiffe://north.example/agent/a over') })
    return refused(relay(north, { origin }), 'PERMISSION_DENIED')
  })

  it('a gateway that vouches in the name of another', () =>
    refused(relay(north, { origin: word(north, { issuer: 'spiffe://east.example/agw/gw' }) }), 'PERMISSION_DENIED'))

  it('a gateway that vouches for a member of another domain', () => {
    const principal = 'spiffe://south.example/agent/king'
    return refused(relay(north, { origin: word(north, { principal }), principal }), 'PERMISSION_DENIED')
  })

  it('a header that names another caller than the word', () => refused(relay(north, { principal: 'spiffe://north.example/agent/king' }), 'PERMISSION_DENIED'))

  it('a word that is meant for another domain', () => refused(relay(north, { origin: word(north, { audience: EAST }) }), 'PERMISSION_DENIED'))

  it('a word of yesterday and a word of tomorrow', async () => {
    const now = BigInt(world.clock.now())
    const day = 86_400_000n
    await refused(relay(north, { origin: word(north, { issuedAt: now - day, expiresAt: now - day + 300_000n }) }), 'UNAUTHENTICATED')
    await refused(relay(north, { origin: word(north, { issuedAt: now + day, expiresAt: now + day + 300_000n }) }), 'UNAUTHENTICATED')
  })

  it('a word that holds for longer than ten minutes', () =>
    refused(relay(north, { origin: word(north, { expiresAt: BigInt(world.clock.now() + HOUR) }) }), 'PERMISSION_DENIED'))

  it('a path that does not begin with the first gateway or end with the caller', async () => {
    await refused(relay(north, { path: [] }), 'PERMISSION_DENIED')
    await refused(relay(north, { path: [east.identity.spiffeId, north.identity.spiffeId] }), 'PERMISSION_DENIED')
    await refused(relay(north, { path: [north.identity.spiffeId, east.identity.spiffeId] }), 'PERMISSION_DENIED')
  })

  it('a gateway that has been revoked since its word was first believed', async () => {
    await relay(north)
    south.revoked.add(north.identity.spiffeId)
    await refused(relay(north), 'CERTIFICATE_REVOKED')
  })

  it('a path that leads back to it', () => {
    const path = [north.identity.spiffeId, south.identity.spiffeId, north.identity.spiffeId]
    return refused(relay(north, { path }), 'LOOP')
  })

  it('a call that is here already, though its path hides it', async () => {
    const waiting = world.agent('slow', south, () => new Promise(() => undefined))
    relay(north, { target: waiting, callId: 'same' }).catch(() => undefined)
    await world.clock.settle()
    await refused(relay(north, { target: waiting, callId: 'same' }), 'LOOP')
  })

  it('a call that may not go as far as it must', async () => {
    world.route(handle, south, east)
    await refused(relay(north, { hopLimit: 1 }), 'HOP_LIMIT')
  })

  it('a hop limit outside 1 to 16, and a call ID without end', async () => {
    await refused(relay(north, { hopLimit: 0 }), 'MALFORMED')
    await refused(relay(north, { hopLimit: 17 }), 'MALFORMED')
    await refused(relay(north, { callId: 'x'.repeat(65) }), 'MALFORMED')
  })

  it('an operation it does not know and a target that is no handle', async () => {
    await refused(relay(north, { operation: 'Sudo' }), 'UNSUPPORTED_OPERATION')
    await refused(relay(north, { target: 'flight' }), 'INVALID_ARGUMENT')
  })

  it('callers of a domain that is not listed', () => {
    south.listed.splice(0, 1)
    return refused(relay(north), 'UNKNOWN_DOMAIN')
  })

  it('agents that are not exported, to other domains only', async () => {
    const closed = world.gateway('west.example', { export: [] })
    await closed.plane.start()
    for (const gateway of [north, closed]) gateway.listed.push('west.example')
    const secret = world.agent('secret', closed, echo)
    world.route(secret, north, closed)
    await refused(collect(call(north, secret)), 'PERMISSION_DENIED', closed.identity)
    assert.equal((await collect(call(closed, secret))).length, 1)
  })

  it('more calls at a time than one principal may have', async () => {
    const waiting = world.agent('slow', south, () => new Promise(() => undefined))
    for (const callId of ['1', '2', '3']) relay(north, { target: waiting, callId }).catch(() => undefined)
    await world.clock.settle()
    await refused(relay(north, { target: waiting, callId: '4' }), 'TOO_MANY_CALLS')
    assert.ok(await relay(east), 'another principal is not held up')
  })

  it('discovery above the quota at a foreign door, telling how long to wait', () => {
    for (let i = 0; i < 60; i++) south.plane.door.admit(south.identity, 'discovery')
    assert.throws(
      () => south.plane.door.admit(south.identity, 'discovery'),
      (error: HansaError) => error.code === 'RATE_LIMITED' && error.metadata['retryAfterMs'] === '1000'
    )
  })

  it('a client of another domain at its own foreign door', async () => {
    assert.throws(() => south.plane.door.admit({ spiffeId: 'spiffe://north.example/agent/a' }, 'call'), { code: 'PERMISSION_DENIED' })
    const stranger = { ...south, identity: identity('spiffe://north.example/agent/a') }
    await assert.rejects(collect(call(stranger, handle)), { code: 'PERMISSION_DENIED' })
  })

  it('checks one signature for many calls of one principal', async () => {
    for (let i = 0; i < 20; i++) assert.equal((await collect(call(north, handle, { message: say(`${i}`) }))).length, 1)
    assert.equal(south.counted.opened, 1)
    south.changed()
    await collect(call(north, handle))
    assert.equal(south.counted.opened, 2, 'after a revocation everybody is verified from the beginning')
  })

  it('vouches anew before its word has run out', async () => {
    for (let i = 0; i < 10; i++) {
      assert.equal((await collect(call(north, handle))).length, 1)
      await world.clock.advance(100_000)
    }
    assert.ok(south.counted.opened >= 3)
  })
})
