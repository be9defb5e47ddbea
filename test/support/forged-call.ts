import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { RelayHeaderSchema } from '../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { at } from './draft-world.ts'

/** A relayed call made by hand, with any header: what a hostile node could send. Resolves when it was carried out, throws what it is refused with. */
export async function forgedCall(
  from: HansaNode,
  gateway: HansaNode,
  method: 'call' | 'relay',
  header: MessageInitShape<typeof RelayHeaderSchema> & { readonly target: string }
): Promise<void> {
  const head = create(RelayHeaderSchema, { callId: 'x1', operation: 'Trace', hopLimit: 16, ...header })
  const stream = await from.rpc.open(at(gateway), methods[method], toBinary(RelayHeaderSchema, head))
  // Why it was refused is told by what is read.
  await stream.write({ bytes: new Uint8Array(), last: true }).catch(() => undefined)
  await stream.end().catch(() => undefined)
  while ((await stream.read()) !== undefined);
}
