import { type ServerHttp2Stream, constants } from 'node:http2'
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'
import type { Clock } from '../../ports/clock.ts'
import type { ClientFacts, GatewayDoor, Identify, Principal } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { grpcVersionAt } from '../../wire/binding/a2a-grpc.ts'
import { A2A_VERSION, checkVersion } from '../../wire/binding/a2a-version.ts'
import { type CallMetadata, readMetadata } from './call-metadata.ts'
import { statusOf } from './error-reply.ts'

/** Time for a client to send its whole request, in milliseconds: 16 MiB at 1 Mbit/s. */
const REQUEST_MS = 120_000

/** A call that may go on to the door. */
export interface AdmittedCall {
  readonly principal: Principal
  readonly said: CallMetadata
  /** Aborts when the call has ended, whoever ended it. */
  readonly signal: AbortSignal
  /** Ends the call with an error; nothing when it has ended. */
  fail(error: HansaError): void
  /** Ends the call at once, unread answers and all; for a client that reads nothing. */
  cut(): void
}

export interface AdmissionDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  readonly log: Log
  readonly identify: Identify
  /** Calls open now; the door ends them when it stops. */
  readonly open: Set<AbortController>
  /** True when the door is stopping. */
  readonly closing: () => boolean
}

export interface Admission {
  /** For the server of one connection. */
  readonly interceptor: ServerInterceptor
  /** The call that came with this metadata. Throws UNAUTHENTICATED when there is none. */
  admitted(metadata: Metadata): AdmittedCall
}

/**
 * Lets the calls of one connection in, each when its headers are here and before its message is read: who may not call costs no memory. The client is known
 * from the connection itself, which this admission is made for and sees no call of another.
 */
export function createAdmission(client: ClientFacts, deps: AdmissionDeps, destroy: () => void): Admission {
  const calls = new WeakMap<Metadata, AdmittedCall>()

  function identify(said: CallMetadata): Principal {
    if (deps.closing()) throw new HansaError('OVERLOADED', 'the gateway is stopping')
    if (client.identity === undefined && said.forwarded)
      throw new HansaError(
        'UNAUTHENTICATED',
        'the call came through a proxy or from a web page; such clients need a certificate of a domain that is listed here'
      )
    return deps.identify(client)
  }

  const interceptor: ServerInterceptor = ({ path }, next) => {
    const life = new AbortController()
    let release: (() => void) | undefined
    let late: (() => void) | undefined

    function fail(error: HansaError): void {
      if (error.code === 'INTERNAL') deps.log.error({ err: error.cause ?? error }, 'a call failed')
      call.sendStatus(statusOf(error))
    }

    function ended(reason: HansaError): void {
      late?.()
      release?.()
      release = undefined
      deps.open.delete(life)
      life.abort(reason)
    }

    function admit(metadata: Metadata): void {
      const said = readMetadata(metadata)
      const principal = identify(said)
      release = deps.door.admit(principal, 'call')
      checkVersion(said.version, grpcVersionAt(path) ?? A2A_VERSION)
      deps.open.add(life)
      late = deps.clock.after(REQUEST_MS, () => fail(new HansaError('DEADLINE_EXCEEDED', `the request was not here within ${REQUEST_MS} ms`)))
      const cut = (): void => {
        ended(new HansaError('CANCELED', 'the client did not read its answers'))
        reset(next, destroy)
      }
      calls.set(metadata, { principal, said, signal: life.signal, fail, cut })
    }

    const call = new ServerInterceptingCall(next, {
      start(start) {
        start({
          onReceiveMetadata(metadata, forward) {
            try {
              admit(metadata)
            } catch (thrown) {
              fail(toHansaError(thrown))
              return
            }
            forward(metadata)
          },
          onReceiveHalfClose(forward) {
            late?.()
            forward()
          },
          // Comes at every end: the client's, the deadline's, the connection's and our own.
          onCancel: () => ended(new HansaError('CANCELED', 'the client went away'))
        })
      }
    })
    return call
  }

  return {
    interceptor,
    admitted(metadata) {
      const call = calls.get(metadata)
      if (call === undefined) throw new HansaError('UNAUTHENTICATED', 'the call was not admitted')
      return call
    }
  }
}

/**
 * The library ends a stream only after what was written has been read. It keeps the stream where its type does not show it; where that changes, the
 * connection goes instead.
 */
function reset(call: object, destroy: () => void): void {
  const stream: unknown = Reflect.get(call, 'stream')
  if (isStream(stream)) stream.close(constants.NGHTTP2_CANCEL)
  else destroy()
}

function isStream(value: unknown): value is ServerHttp2Stream {
  return typeof value === 'object' && value !== null && 'rstCode' in value && 'close' in value
}
