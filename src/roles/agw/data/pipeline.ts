import { fromBinary } from '@bufbuild/protobuf'
import { formatHandle, parseHandle } from '../../../core/ids/agent-id.ts'
import { quote } from '../../../core/ids/domain.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Identities } from '../../../ports/identity.ts'
import { HansaError, toHansaError } from '../../../schema/errors.ts'
import { type RelayHeader, RelayHeaderSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { isOperation, operations } from '../../../wire/operations.ts'
import { trailerOf } from './hops.ts'
import type { Incoming } from './incoming.ts'
import type { Entry, RelayCall, Stage } from './relay-call.ts'

/** Media types that a head may name in each of its lists, and the length of each (gateway.proto). */
const MAX_TYPES = 16
const MAX_TYPE = 256

/** URIs of extensions that one call may ask for, and the length of each. */
const MAX_EXTENSIONS = 32
const MAX_EXTENSION = 512

export interface Pipeline {
  /** Takes one call through all stages. Throws HansaError that names the node which failed (`at`) and the agent. */
  run(entry: Entry, incoming: Incoming, header: RelayHeader): Promise<void>
}

export interface PipelineDeps {
  readonly clock: Clock
  readonly identities: Identities
  /** Called once for each call that has ended. */
  readonly ended: (entry: Entry['kind'], operation: string, ms: number, error: HansaError | undefined) => void
}

export function createPipeline(deps: PipelineDeps, stages: readonly Stage[]): Pipeline {
  return {
    async run(entry, incoming, header) {
      const started = deps.clock.monotonic()
      const self = deps.identities.self()
      const onEnd: (() => void)[] = []
      let operation = 'unknown'
      let failure: HansaError | undefined
      try {
        if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this gateway has no certificate yet')
        const call: RelayCall = {
          ...{ entry, incoming, started, self, header, onEnd },
          ...parseHeader(header),
          ...{
            principal: '',
            callId: '',
            origin: undefined,
            path: [],
            hopLimit: 0,
            next: undefined,
            held: undefined,
            task: undefined,
            translation: header.translation,
            translated: [],
            hops: []
          }
        }
        operation = call.operation.name
        for (const stage of stages) await stage.run(call)
        await call.incoming.finish?.()
        incoming.setTrailer(trailerOf(call))
      } catch (thrown) {
        const error = toHansaError(thrown)
        failure = new HansaError(error.code, error.message, { agent: header.target.slice(0, 320), ...error.metadata }, error.cause ?? error)
        throw self === undefined ? failure : failure.at(self.spiffeId)
      } finally {
        for (const undo of onEnd) undo()
        deps.ended(entry.kind, operation, deps.clock.monotonic() - started, failure)
      }
    }
  }
}

export function decodeHeader(bytes: Uint8Array): RelayHeader {
  try {
    return fromBinary(RelayHeaderSchema, bytes)
  } catch (cause) {
    throw new HansaError('MALFORMED', 'a relay header that cannot be decoded', {}, cause)
  }
}

function parseHeader(header: RelayHeader): Pick<RelayCall, 'target' | 'operation'> {
  const target = parseHandle(header.target)
  if (!isOperation(header.operation)) throw new HansaError('UNSUPPORTED_OPERATION', `no operation is called ${quote(header.operation)}`)
  if (header.extensions.length > MAX_EXTENSIONS || header.extensions.some((uri) => uri.length > MAX_EXTENSION))
    throw new HansaError('INVALID_ARGUMENT', `more than ${MAX_EXTENSIONS} extensions for ${formatHandle(target)}, or one longer than ${MAX_EXTENSION}`)
  for (const types of [header.contentTypes, header.accepts])
    if (types.length > MAX_TYPES || types.some((type) => type.length > MAX_TYPE))
      throw new HansaError('MALFORMED', `more than ${MAX_TYPES} media types in the head of a call for ${formatHandle(target)}, or one longer than ${MAX_TYPE}`)
  return { target, operation: operations[header.operation] }
}
