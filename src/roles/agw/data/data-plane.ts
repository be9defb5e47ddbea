import { createAccessPolicy } from '../../../core/access/access-policy.ts'
import { ByteBudget } from '../../../core/structures/byte-budget.ts'
import { createTaskOwners } from '../../../core/access/task-owners.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { GatewayDoor } from '../../../ports/gateway-door.ts'
import type { Identities, PeerIdentity } from '../../../ports/identity.ts'
import type { Log } from '../../../ports/log.ts'
import type { Metrics } from '../../../ports/metrics.ts'
import type { Lifecycle } from '../../../ports/part.ts'
import type { Records } from '../../../ports/records.ts'
import type { Store } from '../../../ports/store.ts'
import type { WebhookSender } from '../../../ports/webhook-sender.ts'
import type { Translator } from '../../../ports/translator.ts'
import type { Rpc, ServerStream } from '../../../ports/rpc.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { Hop, RelayHeader } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../wire/methods.ts'
import type { RoutingView } from '../routing-view.ts'
import { TaskLanguages } from './adapt/task-languages.ts'
import { createCallAdmission } from './admission.ts'
import { createDoor } from './door.ts'
import { createCallObserver } from './observer.ts'
import { createInbox, type InboxDesk } from './inbox/inbox.ts'
import { createOriginChecker } from './origin-checker.ts'
import { createOriginIssuer } from './origin-issuer.ts'
import { createPipeline, decodeHeader } from './pipeline.ts'
import type { Incoming } from './incoming.ts'
import type { Entry } from './relay-call.ts'
import type { DataSettings } from './settings.ts'
import { admit } from './stages/admit.ts'
import { authenticate } from './stages/authenticate.ts'
import { authorize } from './stages/authorize.ts'
import { forward } from './stages/forward.ts'
import { resolve } from './stages/resolve.ts'
import { createTranslation } from './stages/translate.ts'
import { WebhookBook } from './push/webhook-book.ts'
import { createWebhooks } from './push/webhook-relay.ts'
import { type Mac, WebhookTokens } from './push/webhook-token.ts'

/** About 300 bytes a task: 60 MiB when all the room is taken. All clients on the gateway's own machine are one principal. */
const TASKS = { perPrincipal: 20_000, total: 200_000 }

export interface DataPlaneDeps {
  readonly clock: Clock
  readonly log: Log
  readonly rpc: Rpc
  readonly records: Records
  readonly identities: Identities
  readonly routes: RoutingView
  readonly config: DataSettings
  /** Own trust domain. */
  readonly domain: string
  /** Backends for natural language; absent where none is configured. */
  readonly translator?: Translator
  /** For push notifications; without it they are refused. */
  readonly push?: PushDeps
  /** For messages that wait; without it none does. */
  readonly inbox?: InboxDeps
  readonly metrics?: Metrics
}

/** What a gateway needs to keep messages. */
export interface InboxDeps {
  readonly store: Store
  /** Unguessable, at least 22 characters of base64url. */
  readonly newId: () => string
}

/** What a gateway needs to relay webhooks. */
export interface PushDeps {
  readonly store: Store
  readonly sender: WebhookSender
  readonly mac: Mac
  /** Unguessable, 32 characters. */
  readonly newId: () => string
  /** Base URL of this gateway's own door; undefined while it has none. */
  readonly ingress: () => string | undefined
}

export interface DataPlane extends Lifecycle {
  /** For foreign doors. */
  readonly door: GatewayDoor
  /** Undefined where no messages are kept. */
  readonly inbox: InboxDesk | undefined
  /** Each node on the way to an agent with its time, this gateway first. Throws as a call would. */
  trace(target: string, signal: AbortSignal): Promise<Hop[]>
}

/** The gateway's way of passing calls on: from members, other gateways and foreign doors to agents (draft 3.4.4). */
export function createDataPlane(deps: DataPlaneDeps): DataPlane {
  const { clock, rpc, records, identities, routes, config } = deps
  const policy = createAccessPolicy({ ownDomain: deps.domain, exported: config.export })
  const admission = createCallAdmission({ clock, settings: config })
  let running = false
  let open = 0
  let idle: (() => void) | undefined
  // Unique per process and, by the time of its start, per gateway; loops are looked for by gateway and call ID.
  const process = clock.now().toString(36)
  let calls = 0

  const memory = new ByteBudget()
  const translation = createTranslation({ translator: deps.translator, keepOriginal: config.keepOriginal, memory, tasks: new TaskLanguages() })
  const webhooks =
    deps.push === undefined
      ? undefined
      : createWebhooks({
          ...{ rpc, routes, identities, memory },
          ...deps.push,
          book: new WebhookBook(deps.push.store, clock),
          tokens: new WebhookTokens(deps.push.mac),
          translate: (target, event, signal) => translation.event(target, event, signal)
        })

  const inbox =
    deps.inbox === undefined || !config.inbox.enabled
      ? undefined
      : createInbox({
          ...deps.inbox,
          clock,
          domain: deps.domain,
          log: deps.log,
          routes,
          memory,
          settings: config.inbox,
          metrics: deps.metrics,
          run: (...call) => run(...call)
        })
  const last = forward({
    clock,
    rpc,
    routes,
    owners: createTaskOwners(TASKS),
    origins: createOriginIssuer({ clock, records, identities, assertionMs: config.assertionMs })
  })
  const pipeline = createPipeline({ clock, identities, ended: createCallObserver(deps.log, deps.metrics, () => admission.open) }, [
    authenticate({ origins: createOriginChecker({ clock, records, identities }), newCallId: () => `${process}.${(calls++).toString(36)}` }),
    admit({ admission }),
    authorize({ policy, identities, routes, offered: (handle) => inbox?.known.get(handle)?.capabilities ?? [] }),
    resolve({ routes, hopLimit: config.hopLimit, memory, inbox }),
    translation.stage,
    ...(webhooks === undefined ? [] : [webhooks.stage]),
    inbox?.stage(last) ?? last
  ])

  /** The pipeline, as long as the gateway takes calls; counts those that stop() has to wait for. */
  async function run(entry: Entry, incoming: Incoming, header: RelayHeader): Promise<void> {
    if (!running) throw new HansaError('OVERLOADED', 'the gateway is not taking calls now', { at: identities.self()?.spiffeId ?? deps.domain })
    open++
    try {
      await pipeline.run(entry, incoming, header)
    } finally {
      open--
      if (open === 0) idle?.()
    }
  }

  const { trace, ...door } = createDoor({ clock, identities, routes, admission, policy, pipeline: { run }, running: () => running, notify: webhooks?.notify })

  function serve(kind: 'member' | 'gateway'): (stream: ServerStream) => Promise<void> {
    return async (stream) => run({ kind, caller: identityOf(stream) }, stream, decodeHeader(stream.header))
  }
  rpc.handleStream(methods.call, serve('member'))
  rpc.handleStream(methods.relay, serve('gateway'))

  return {
    door,
    trace,
    inbox,
    start() {
      running = true
      inbox?.start()
      return Promise.resolve()
    },
    async stop() {
      running = false
      inbox?.stop()
      if (open === 0) return
      // What is still open then is cut by the transport, which stops after this.
      let cancel = (): void => undefined
      await new Promise<void>((done) => {
        idle = done
        cancel = clock.after(config.drainMs, done)
      })
      cancel()
      idle = undefined
    }
  }
}

function identityOf({ caller }: ServerStream): PeerIdentity {
  if (caller.identity === undefined) throw new HansaError('UNAUTHENTICATED', 'calls need a certificate')
  return caller.identity
}
