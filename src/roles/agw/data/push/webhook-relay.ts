import { toBinary, toJsonString } from '@bufbuild/protobuf'
import { formatHandle, parseHandle } from '../../../../core/ids/agent-id.ts'
import type { ByteBudget } from '../../../../core/structures/byte-budget.ts'
import type { GatewayDoor } from '../../../../ports/gateway-door.ts'
import type { Identities } from '../../../../ports/identity.ts'
import type { Rpc } from '../../../../ports/rpc.ts'
import type { WebhookSender } from '../../../../ports/webhook-sender.ts'
import { HansaError } from '../../../../schema/errors.ts'
import { type StreamResponse, StreamResponseSchema, type TaskPushNotificationConfig } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decode } from '../../../../wire/decode.ts'
import { methods } from '../../../../wire/methods.ts'
import { isTerminal } from '../../../../wire/task-states.ts'
import type { RoutingView } from '../../routing-view.ts'
import { adaptIncoming } from '../adapt/adapt-incoming.ts'
import type { RelayCall, Stage } from '../relay-call.ts'
import { agentWebhooks, clientWebhooks } from './webhook-adapters.ts'
import type { WebhookBook } from './webhook-book.ts'
import type { WebhookTokens } from './webhook-token.ts'

export interface WebhookDeps {
  readonly rpc: Rpc
  readonly routes: RoutingView
  readonly identities: Identities
  readonly memory: ByteBudget
  readonly book: WebhookBook
  readonly tokens: WebhookTokens
  readonly sender: WebhookSender
  /** Unguessable, 32 characters. */
  readonly newId: () => string
  /** Base URL of this gateway's own door, where agents post to; undefined while it has none. */
  readonly ingress: () => string | undefined
  /** The event in the language of the task's owner, where this gateway translates for it. */
  readonly translate: (target: string, event: StreamResponse, signal: AbortSignal) => Promise<readonly StreamResponse[]>
}

/** A signed token has a few hundred characters, seldom thousands. */
const MAX_SECRET = 8_192

const ABOUT_WEBHOOKS: ReadonlySet<string> = new Set([
  'CreateTaskPushNotificationConfig',
  'GetTaskPushNotificationConfig',
  'ListTaskPushNotificationConfigs',
  'DeleteTaskPushNotificationConfig'
])

/** Push notifications of A2A across gateways: the agent posts to its own gateway, that one tells the client's gateway, and only that one knows the client's address. */
export interface Webhooks {
  readonly stage: Stage
  readonly notify: GatewayDoor['notify']
}

export function createWebhooks(deps: WebhookDeps): Webhooks {
  const { rpc, routes, identities, book, tokens, sender } = deps

  rpc.handle(methods.notify, async ({ id, agent, event, traceparent }, { caller, signal }) => {
    // A gateway speaks for agents of its own domain only.
    if (caller.identity === undefined || parseHandle(agent).domain !== caller.identity.domain)
      throw new HansaError('PERMISSION_DENIED', `${caller.identity?.spiffeId ?? 'a stranger'} may not speak for ${agent.slice(0, 320)}`)
    for (const told of await deps.translate(agent, decode(StreamResponseSchema, event), signal)) await post(id, agent, told, signal, traceparent)
    return {}
  })

  /** To the client itself. Throws NOT_FOUND for a webhook that is not kept here, PEER_UNREACHABLE when the client does not take it. */
  async function post(id: string, agent: string, event: StreamResponse, signal: AbortSignal, traceparent?: string): Promise<void> {
    const config = book.find(id, { agent })
    if (config === undefined) throw new HansaError('NOT_FOUND', `no webhook for events of ${agent} has this name here`, { agent })
    const { token, authentication } = config
    const headers = {
      'content-type': 'application/a2a+json',
      ...(token === '' ? {} : { 'x-a2a-notification-token': token }),
      ...(authentication === undefined ? {} : { authorization: `${authentication.scheme} ${authentication.credentials}`.trim() }),
      ...(traceparent === undefined || traceparent === '' ? {} : { traceparent })
    }
    await sender.post({ url: config.url, body: toJsonString(StreamResponseSchema, event), headers, signal })
    if (endsTask(event)) book.ended(id)
  }

  const notify: Webhooks['notify'] = async (target, token, event, { signal, traceparent }) => {
    const agent = formatHandle(parseHandle(target))
    const { gateway, id } = tokens.open(agent, token)
    const self = identities.self()
    for (const told of await deps.translate(agent, event, signal)) {
      if (gateway === self?.spiffeId) {
        await post(id, agent, told, signal, traceparent)
        continue
      }
      const info = routes.gateway(gateway)
      if (info === undefined) throw new HansaError('NO_ROUTE', `no way to ${gateway}, the gateway of the client`, { gateway })
      const there = { peer: info.peerId, addresses: info.multiaddrs, expect: { spiffeId: gateway, role: 'agw' } }
      await rpc.call(there, methods.notify, { id, agent, event: toBinary(StreamResponseSchema, told), traceparent }, { signal, traceparent })
    }
  }

  /** Where the agent of a call posts to. */
  function addressOf(agent: string): string {
    const base = deps.ingress()
    if (base === undefined) throw new HansaError('PUSH_NOTIFICATION_NOT_SUPPORTED', `the gateway of ${agent} has no door that webhooks could come in by`)
    return `${base}/agents/${agent}/push/`
  }

  function forClient(call: RelayCall, agent: string): void {
    const { principal } = call
    const adapter = clientWebhooks(call.operation, {
      async keep(config) {
        sender.check(config.url)
        checkSecrets(config)
        const id = deps.newId()
        await book.add({ id, principal, agent, config })
        return id
      },
      find: (id) => book.find(id, { principal, agent }),
      named: (id, names) => book.named(id, names),
      remove: (taskId, configId) => book.remove({ principal, agent, taskId, configId })
    })
    call.incoming = adaptIncoming(call.incoming, adapter, () => deps.memory.open(principal))
  }

  function forAgent(call: RelayCall, agent: string): void {
    const [first = call.self.spiffeId] = call.path
    const adapter = agentWebhooks(call.operation, {
      addressFor: (id) => addressOf(agent) + tokens.seal(agent, { gateway: first, id }),
      idOf(address) {
        try {
          const prefix = addressOf(agent)
          const { gateway, id } = tokens.open(agent, address.startsWith(prefix) ? address.slice(prefix.length) : '')
          return gateway === first ? id : undefined
        } catch {
          return undefined
        }
      }
    })
    call.incoming = adaptIncoming(call.incoming, adapter, () => deps.memory.open(call.principal))
  }

  return {
    notify,
    stage: {
      name: 'webhooks',
      run(call) {
        if (!ABOUT_WEBHOOKS.has(call.operation.name) && !call.header.webhook) return
        const agent = formatHandle(call.target)
        if (call.entry.kind !== 'gateway') forClient(call, agent)
        if (call.next?.kind === 'local') forAgent(call, agent)
      }
    }
  }
}

/** They go into a head of HTTP. Throws INVALID_ARGUMENT. */
function checkSecrets({ token, authentication }: TaskPushNotificationConfig): void {
  const wrong = [token, authentication?.scheme ?? '', authentication?.credentials ?? ''].some(
    (text) => text.length > MAX_SECRET || !/^[\x20-\x7e]*$/.test(text)
  )
  if (wrong) throw new HansaError('INVALID_ARGUMENT', `token and credentials of a webhook are at most ${MAX_SECRET} characters of ASCII`, { field: 'token' })
}

function endsTask({ payload }: StreamResponse): boolean {
  const state = payload.case === 'task' || payload.case === 'statusUpdate' ? payload.value.status?.state : undefined
  return isTerminal(state)
}
