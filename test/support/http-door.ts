import { createIngress, type IngressDeps } from '../../src/adapters/http/ingress.ts'
import { type Clients, createIdentify } from '../../src/adapters/ingress/identify.ts'
import { createPort } from '../../src/adapters/ingress/port.ts'

export interface HttpDoor {
  /** Base URL. */
  start(): Promise<string>
  stop(): Promise<void>
  readonly address: string | undefined
}

/** The HTTP door behind its port, as a node has them. */
export function httpDoor(options: Omit<IngressDeps, 'base' | 'identify'> & { listen: string; clients: Clients; announce?: string }): HttpDoor {
  const { clock, log, self } = options
  let address: string | undefined
  const check = (): void => undefined
  const http = createIngress({ ...options, base: () => address, identify: createIdentify({ self, clients: options.clients, check }) })
  const port = createPort({ clock, log, listen: options.listen, check, acceptors: { http1: (socket, client) => http.accept(socket, client) } })
  return {
    async start() {
      await http.start()
      const reached = await port.start()
      address = options.announce ?? reached
      return address
    },
    async stop() {
      await port.refuse()
      await http.stop()
      port.close()
    },
    get address() {
      return address
    }
  }
}
