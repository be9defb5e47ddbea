import type { GatewayDoor } from '../../ports/gateway-door.ts'
import type { Neighbor } from '../../core/peering/neighbor-list.ts'
import type { Translator } from '../../ports/translator.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { Lifecycle, Part } from '../../ports/part.ts'
import type { Hop } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import type { AgwConfig } from './config.ts'
import type { ControlDeps } from './control/control-deps.ts'
import { type ControlPlane, createControlPlane } from './control/control-plane.ts'
import { createDataPlane, type InboxDeps, type PushDeps } from './data/data-plane.ts'
import type { InboxDesk } from './data/inbox/inbox.ts'
import type { RoutingView } from './routing-view.ts'

export type AgwDeps = Omit<ControlDeps, 'config'> & {
  /** Own trust domain. */
  readonly domain: string
  /** Backends for natural language; absent where none is configured. */
  readonly translator?: Translator
  /** For push notifications; without it they are refused. */
  readonly push?: PushDeps
  /** For messages that wait for agents that are offline; without it none does. */
  readonly inbox?: InboxDeps
}

/** A gateway. */
export interface Agw extends Lifecycle, Pick<ControlPlane, 'neighbors' | 'targets' | 'routes' | 'attachments' | 'disconnect'> {
  /**
   * Interconnects with the gateway at an address and keeps it over restarts (draft 3.4.1). `root`: SHA-256 (hex) of the root of its domain, which is then
   * listed. Throws PEER_UNREACHABLE, UNKNOWN_DOMAIN, PERMISSION_DENIED, PROTOCOL_VERSION, OVERLOADED.
   */
  connect(address: string, options?: { readonly root?: string; readonly signal?: AbortSignal }): Promise<Neighbor>
  /** Each gateway on the way to an agent with its time. Throws as a call would. */
  trace(target: string, signal: AbortSignal): Promise<Hop[]>
  readonly door: GatewayDoor
  /** What waits here for agents that are offline; undefined where no messages are kept. */
  readonly inbox: InboxDesk | undefined
  readonly routing: RoutingView
}

/** The gateway role (draft 2.5): reachability below, calls above. */
export function agw(config: AgwConfig): Part<AgwDeps, Agw> {
  return {
    name: 'agw',
    create(deps) {
      const { members, translator } = deps
      // Others are told which languages are translated here: in the hello, and by synchronization.
      const self = (): NodeInfo => ({ ...members.self(), translates: [...(translator?.pairs() ?? [])] })
      const control = createControlPlane({ ...deps, members: { self, find: (role) => members.find(role) }, config })
      const data = createDataPlane({ ...deps, config, routes: control.routing })
      return {
        door: data.door,
        inbox: data.inbox,
        routing: control.routing,
        neighbors: () => control.neighbors(),
        targets: () => control.targets(),
        routes: () => control.routes(),
        attachments: () => control.attachments(),
        connect: (address, options) => control.connect(address, options),
        disconnect: (id, reason) => control.disconnect(id, reason),
        trace: (target, signal) => data.trace(target, signal),
        async start() {
          await control.start()
          await data.start()
        },
        async stop() {
          // Neighbours stop sending before the calls that are open are drained.
          await control.stop()
          await data.stop()
        }
      }
    }
  }
}
