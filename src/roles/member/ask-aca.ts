import type { MessageInitShape } from '@bufbuild/protobuf'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { HansaError } from '../../schema/errors.ts'
import type { ResponseOf, UnaryMethod } from '../../wire/methods.ts'
import type { MemberDeps } from './deps.ts'

/** A question to the ACA of the own domain: those that are known are asked in turn until one answers. Throws what the last one said, or PEER_UNREACHABLE. */
export type AskAca = <M extends UnaryMethod>(method: M, request: MessageInitShape<M['request']>) => Promise<ResponseOf<M>>

export function createAskAca(domain: string, { rpc }: Pick<MemberDeps, 'rpc'>, acas: () => readonly NodeInfo[]): AskAca {
  return async (method, request) => {
    let failure: unknown = new HansaError('PEER_UNREACHABLE', `no ACA of ${domain} is known`)
    for (const { peerId, multiaddrs } of acas()) {
      try {
        return await rpc.call({ peer: peerId, addresses: multiaddrs, expect: { domain, role: 'aca' } }, method, request)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }
}
