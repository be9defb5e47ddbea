import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { Role } from '../core/ids/role.ts'
import * as call from '../schema/generated/hansa/v1/call_pb.ts'
import * as directory from '../schema/generated/hansa/v1/directory_pb.ts'
import * as gateway from '../schema/generated/hansa/v1/gateway_pb.ts'
import * as trust from '../schema/generated/hansa/v1/trust_pb.ts'

/** libp2p protocol IDs. Requests and relayed calls use streams of their own so that bulk never stands before a heartbeat. */
export const PROTOCOLS = { rpc: '/hansa/rpc/1.0.0', relay: '/hansa/relay/1.0.0' } as const

export type Protocol = keyof typeof PROTOCOLS

/**
 * Who may call: `anyone` (also without a certificate), members of the callee's own domain, or also those of a listed domain; always with one of
 * `roles` in the certificate. Finer rules (is this your own agent?) are the handler's.
 */
export interface Callers {
  readonly from: 'anyone' | 'own' | 'listed'
  readonly roles: readonly Role[]
}

/** Which quota a call is counted against; limits are settings (config `limits`). */
export type QuotaClass = 'enrol' | 'discovery' | 'registration' | 'status' | 'call' | 'infrastructure'

interface Common {
  /** Name on the wire; its version is part of it. */
  readonly id: string
  readonly protocol: Protocol
  /** Largest message in either direction, in bytes. */
  readonly maxBytes: number
  /** Largest message of the caller, in bytes: at most maxBytes, and no more than the method needs, because it is decoded for whoever may call. */
  readonly maxRequestBytes: number
  /** Default deadline in milliseconds. */
  readonly timeoutMs: number
  readonly callers: Callers
  readonly quota: QuotaClass
}

/** One request, one response. */
export interface UnaryMethod<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> extends Common {
  readonly kind: 'unary'
  readonly request: I
  readonly response: O
}

/** A header, messages both ways as bytes in fragments, a trailer: what relays pass on without decoding. */
export interface StreamMethod extends Common {
  readonly kind: 'stream'
}

export type Method = UnaryMethod | StreamMethod
export type RequestOf<M> = M extends UnaryMethod<infer I, DescMessage> ? MessageShape<I> : never
export type ResponseOf<M> = M extends UnaryMethod<DescMessage, infer O> ? MessageShape<O> : never

const KIB = 1024
const MIB = 1024 * KIB
/** A question. */
const SMALL = 64 * KIB
const ALL: readonly Role[] = ['aca', 'ars', 'agw', 'agent']
const anyone: Callers = { from: 'anyone', roles: ALL }
const own = (...roles: Role[]): Callers => ({ from: 'own', roles: roles.length > 0 ? roles : ALL })
const listed = (...roles: Role[]): Callers => ({ from: 'listed', roles })

function unary<I extends DescMessage, O extends DescMessage>(
  id: string,
  request: I,
  response: O,
  callers: Callers,
  quota: QuotaClass,
  maxBytes = SMALL,
  maxRequestBytes = maxBytes
): UnaryMethod<I, O> {
  return { kind: 'unary', id, protocol: 'rpc', request, response, callers, quota, maxBytes, maxRequestBytes, timeoutMs: 10_000 }
}

/** 16 MiB: the largest A2A message a gateway carries. 5 minutes: a blocking SendMessage may take as long as the agent works. */
function relay(id: string, callers: Callers): StreamMethod {
  return { kind: 'stream', id, protocol: 'relay', callers, quota: 'call', maxBytes: 16 * MIB, maxRequestBytes: 16 * MIB, timeoutMs: 300_000 }
}

/** Every method of Hansa. A method absent here cannot be called or handled. */
export const methods = {
  // every node (draft 3.1.2 and house-keeping)
  ping: unary('node.ping/1', trust.PingRequestSchema, trust.PingResponseSchema, listed(...ALL), 'status'),
  bundle: unary('node.bundle/1', trust.BundleRequestSchema, trust.BundleResponseSchema, anyone, 'enrol'),
  nodes: unary('node.nodes/1', trust.NodesRequestSchema, trust.NodesResponseSchema, own(), 'infrastructure'),
  trust: unary('node.trust/1', trust.TrustUpdateSchema, call.EmptySchema, own('aca', 'agw'), 'infrastructure', 4 * MIB),
  crl: unary('node.crl/1', trust.CrlRequestSchema, trust.CrlListsSchema, anyone, 'enrol', 16 * MIB, SMALL),
  // ACA (draft 3.1)
  apply: unary('aca.apply/1', trust.ApplyRequestSchema, trust.ApplyResponseSchema, anyone, 'enrol'),
  applicationStatus: unary('aca.application/1', trust.ApplicationStatusRequestSchema, trust.ApplyResponseSchema, anyone, 'enrol'),
  renew: unary('aca.renew/1', trust.RenewRequestSchema, trust.RenewResponseSchema, own(), 'enrol'),
  rekey: unary('aca.rekey/1', trust.RekeyRequestSchema, trust.RenewResponseSchema, own(), 'enrol'),
  certificateStatus: unary('aca.status/1', trust.CertificateStatusRequestSchema, trust.CertificateStatusResponseSchema, own(), 'status'),
  revoke: unary('aca.revoke/1', trust.RevokeRequestSchema, trust.RevokeResponseSchema, own(), 'enrol'),
  deregistered: unary('aca.deregistered/1', trust.DeregisteredNoticeSchema, call.EmptySchema, own('ars'), 'infrastructure'),
  // ARS (draft 3.2, 3.5)
  register: unary('ars.register/1', directory.RegisterRequestSchema, directory.RegisterResponseSchema, own('agent'), 'registration', 256 * KIB),
  update: unary('ars.update/1', directory.RegisterRequestSchema, directory.RegisterResponseSchema, own('agent'), 'registration', 256 * KIB),
  deregister: unary('ars.deregister/1', directory.DeregisterRequestSchema, directory.DeregisterResponseSchema, own('agent', 'aca'), 'registration'),
  discover: unary('ars.discover/1', directory.DiscoverRequestSchema, directory.DiscoverResponseSchema, listed(...ALL), 'discovery', 4 * MIB, SMALL),
  resolve: unary('ars.resolve/1', directory.ResolveRequestSchema, directory.ResolveResponseSchema, listed(...ALL), 'discovery', 256 * KIB, SMALL),
  listAgents: unary('ars.list/1', directory.ListAgentsRequestSchema, directory.ListAgentsResponseSchema, own(), 'discovery', 8 * MIB, SMALL),
  report: unary('ars.report/1', directory.StatusReportSchema, directory.StatusReportResponseSchema, own('agw'), 'infrastructure', 8 * MIB),
  ended: unary('ars.ended/1', directory.EndedNoticeSchema, call.EmptySchema, own('ars'), 'infrastructure'),
  // AGw and agent (draft 3.3)
  attach: unary('agw.attach/1', gateway.AttachRequestSchema, gateway.AttachResponseSchema, own('agent'), 'registration', 512 * KIB),
  heartbeat: unary('agw.heartbeat/1', gateway.HeartbeatRequestSchema, gateway.HeartbeatResponseSchema, own('agent'), 'status'),
  detach: unary('agw.detach/1', gateway.DetachRequestSchema, call.EmptySchema, own('agent'), 'registration'),
  gatewayDiscover: unary('agw.discover/1', directory.DiscoverRequestSchema, directory.DiscoverResponseSchema, own(), 'discovery', 4 * MIB, SMALL),
  agentEnded: unary('agw.ended/1', directory.EndedNoticeSchema, call.EmptySchema, own('ars'), 'infrastructure'),
  // AGw and AGw (draft 3.4)
  connect: unary('agw.connect/1', gateway.ConnectRequestSchema, gateway.ConnectResponseSchema, listed('agw'), 'infrastructure'),
  gatewayHeartbeat: unary('agw.beat/1', gateway.GatewayHeartbeatSchema, gateway.GatewayHeartbeatSchema, listed('agw'), 'infrastructure'),
  disconnect: unary('agw.disconnect/1', gateway.DisconnectRequestSchema, call.EmptySchema, listed('agw'), 'infrastructure'),
  sync: unary('agw.sync/1', gateway.SyncRequestSchema, gateway.SyncResponseSchema, listed('agw'), 'infrastructure', 4 * MIB),
  syncPush: unary('agw.push/1', gateway.SyncPushSchema, call.EmptySchema, listed('agw'), 'infrastructure', 4 * MIB),
  notify: unary('agw.notify/1', gateway.NotifyRequestSchema, call.EmptySchema, listed('agw'), 'infrastructure', 4 * MIB),
  // data (draft 3.4.4)
  call: relay('agw.call/1', own()),
  relay: relay('agw.relay/1', listed('agw')),
  deliver: relay('agent.deliver/1', own('agw', 'agent'))
} as const
