import { createServer, type AddressInfo, connect, type Server, type Socket } from 'node:net'

/** Between two nodes on loopback: sees all bytes, and can fall silent as a broken cable does, without closing anything. */
export class TcpProxy {
  /** Where the node itself listens: free when the proxy was opened. */
  readonly target: number
  /** What has passed, both ways. */
  readonly seen: Buffer[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #silent = false

  private constructor(server: Server, target: number) {
    this.#server = server
    this.target = target
    server.on('connection', (near) => this.#join(near, connect(target, '127.0.0.1')))
  }

  static async open(): Promise<TcpProxy> {
    const free = await listening(createServer())
    const { port } = free.address() as AddressInfo
    await new Promise((resolve) => free.close(resolve))
    return new TcpProxy(await listening(createServer()), port)
  }

  /** Where others reach the node. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Settings of a node that is reached through this proxy only. */
  get env(): Record<string, string> {
    return { HANSA_SWARM_LISTEN: `/ip4/127.0.0.1/tcp/${this.target}`, HANSA_SWARM_ANNOUNCE: `/ip4/127.0.0.1/tcp/${this.port}` }
  }

  silence(): void {
    this.#silent = true
    for (const socket of this.#sockets) socket.pause()
  }

  resume(): void {
    this.#silent = false
    for (const socket of this.#sockets) socket.resume()
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (bytes: Buffer) => {
        this.seen.push(bytes)
        to.write(bytes)
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      if (this.#silent) from.pause()
    }
  }
}

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
