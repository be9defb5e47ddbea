import { createIngress, type IngressDeps } from '../../src/adapters/http/ingress.ts'
import type { CardSigner } from '../../src/adapters/http/card-signature.ts'
import type { Offer } from '../../src/adapters/http/offer.ts'
import { type Clients, createIdentify } from '../../src/adapters/ingress/identify.ts'
import { createPort } from '../../src/adapters/ingress/port.ts'
import { key } from './mint.ts'

const OFFERS: readonly Offer[] = [
  { binding: 'JSONRPC', version: '1.0' },
  { binding: 'HTTP+JSON', version: '1.0' },
  { binding: 'JSONRPC', version: '0.3' },
  { binding: 'HTTP+JSON', version: '0.3' }
]
const KEY = key(7)

export interface HttpDoor {
  /** Base URL. */
  start(): Promise<string>
  stop(): Promise<void>
  readonly address: string | undefined
  /** Where it listens, whatever it announces. */
  readonly reached: string
}

type Options = Omit<IngressDeps, 'base' | 'identify' | 'offers' | 'signer'> & Partial<Pick<IngressDeps, 'offers' | 'signer'>>

/** The HTTP door behind its port, as a node has them. */
export function httpDoor(given: Options & { listen: string; clients: Clients; announce?: string }): HttpDoor {
  const signer = (): CardSigner => ({ spiffeId: 'spiffe://north.example/agw/gw1', chain: [new Uint8Array([1])], sign: (data) => KEY.sign(data) })
  const options = { offers: OFFERS, signer, announced: given.announce !== undefined, ...given }
  const { clock, log, self } = options
  let address: string | undefined
  let reached = ''
  const check = (): void => undefined
  const http = createIngress({ ...options, base: () => address, identify: createIdentify({ self, clients: options.clients, check }) })
  const port = createPort({ clock, log, listen: options.listen, check, acceptors: { http1: (socket, client) => http.accept(socket, client) } })
  return {
    async start() {
      await http.start()
      reached = await port.start()
      address = options.announce ?? reached
      return address
    },
    async stop() {
      await port.refuse()
      await http.stop()
      port.close()
    },
    get reached() {
      return reached
    },
    get address() {
      return address
    }
  }
}
