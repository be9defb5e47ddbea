import { Client, type ClientOptions, credentials } from '@grpc/grpc-js'
import type { AgentFace } from '../../ports/agent-client.ts'
import { HansaError } from '../../schema/errors.ts'

/** The largest message that the network carries (wire/methods.ts: relay). */
const MAX_MESSAGE = 16 * 1024 * 1024

/** Agents that channels are kept for; the one used longest ago goes first. */
const MAX_CHANNELS = 256

/** Schemes of an interface's URL, and whether they mean TLS. */
const SCHEMES: ReadonlyMap<string, boolean> = new Map([
  ['grpc:', false],
  ['http:', false],
  ['grpcs:', true],
  ['https:', true]
])

const OPTIONS: ClientOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE,
  'grpc.max_send_message_length': MAX_MESSAGE,
  // The channel stays, its connection closes; the next call makes a new one.
  'grpc.client_idle_timeout_ms': 60_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // What an agent is and how it is called, its card says: not its DNS zone, and not this process's environment.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0
}

export interface ChannelSettings {
  /** Root certificates (PEM) for agents behind TLS; those of the system when absent. */
  readonly roots?: Buffer
}

/** Connections to agents, one for each address, shared by all calls. */
export interface Channels {
  /** Throws AGENT_UNREACHABLE after `close`. */
  to(face: AgentFace): Client
  /** The address did not answer: the next call begins anew and does not wait for the library's next try. */
  forget(face: AgentFace): void
  /** One that nobody else uses; the caller closes it. */
  fresh(face: AgentFace): Client
  close(): void
}

export function isGrpcUrl(url: URL): boolean {
  return SCHEMES.has(url.protocol) && url.hostname !== ''
}

export function createChannels(settings: ChannelSettings): Channels {
  const clients = new Map<string, Client>()
  let closed = false

  function open(face: AgentFace, options: ClientOptions): Client {
    const { protocol, hostname, port } = face.url
    const secure = SCHEMES.get(protocol) === true
    // With its scheme, so that a host is never taken for a path of this machine.
    const target = `dns:${hostname}:${port === '' ? (secure ? 443 : 80) : port}`
    return new Client(target, secure ? credentials.createSsl(settings.roots) : credentials.createInsecure(), options)
  }

  function keyOf({ url }: AgentFace): string {
    return `${url.protocol}//${url.host}`
  }

  return {
    to(face) {
      if (closed) throw new HansaError('AGENT_UNREACHABLE', 'the gateway is stopping')
      const key = keyOf(face)
      const client = clients.get(key) ?? open(face, OPTIONS)
      // Last is what was used last.
      clients.delete(key)
      clients.set(key, client)
      for (const [oldest, unused] of clients) {
        if (clients.size <= MAX_CHANNELS) break
        clients.delete(oldest)
        unused.close()
      }
      return client
    },
    forget(face) {
      const key = keyOf(face)
      clients.get(key)?.close()
      clients.delete(key)
    },
    fresh: (face) => open(face, { ...OPTIONS, 'grpc.use_local_subchannel_pool': 1 }),
    close() {
      closed = true
      for (const client of clients.values()) client.close()
      clients.clear()
    }
  }
}
