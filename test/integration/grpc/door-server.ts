import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createGrpcDoor, type GrpcDoor, type GrpcDoorDeps } from '../../../src/adapters/grpc/grpc-door.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { ClientFacts } from '../../../src/ports/gateway-door.ts'
import type { Log } from '../../../src/ports/log.ts'
import type { FakeDoor } from '../http/fake-door.ts'

export const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
export const self = { spiffeId: 'spiffe://north.example/agw/gw1' }
export const AGENT = 'flight@north.example'

export interface DoorServer {
  readonly grpc: GrpcDoor
  /** host:port. */
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

/** A gRPC door behind the smallest of ports. */
export async function serveDoor(
  door: FakeDoor,
  more: Partial<GrpcDoorDeps> = {},
  facts: (socket: Socket) => ClientFacts = () => ({ address: '127.0.0.1' })
): Promise<DoorServer> {
  const grpc = createGrpcDoor({ door, clock: systemClock, log, identify: () => self, drainMs: 0, ...more })
  const server = createServer({ noDelay: true }, (socket) => grpc.accept(socket, facts(socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    grpc,
    port,
    address: `127.0.0.1:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await grpc.stop()
      await closed
    }
  }
}
