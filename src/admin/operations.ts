import type { z } from 'zod'
import * as a from './application-types.ts'
import * as inbox from './inbox-types.ts'
import * as s from './session-types.ts'
import * as task from './task-types.ts'
import * as trust from './trust-types.ts'
import * as t from './types.ts'

/** One operation of the admin API. GET takes its request from the query (texts only), POST from a JSON body. */
export interface AdminOperation<Q extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType, S extends boolean = boolean> {
  readonly method: 'GET' | 'POST'
  /** Below /api. */
  readonly path: string
  readonly summary: string
  readonly request: Q
  readonly response: R
  /** True: any number of responses, one JSON document per line. */
  readonly stream: S
}

function get<Q extends z.ZodType, R extends z.ZodType>(path: string, summary: string, request: Q, response: R): AdminOperation<Q, R, false> {
  return { method: 'GET', path: `/api/${path}`, summary, request, response, stream: false }
}

function post<Q extends z.ZodType, R extends z.ZodType>(path: string, summary: string, request: Q, response: R): AdminOperation<Q, R, false> {
  return { method: 'POST', path: `/api/${path}`, summary, request, response, stream: false }
}

function postStream<Q extends z.ZodType, R extends z.ZodType>(path: string, summary: string, request: Q, response: R): AdminOperation<Q, R, true> {
  return { method: 'POST', path: `/api/${path}`, summary, request, response, stream: true }
}

/** Everything that can be asked of a running node: server, client, OpenAPI and the node itself are held to this table. */
export const adminOperations = {
  status: get('status', 'What this node is and how it fares', t.noRequest, t.nodeStatus),
  peers: get('peers', 'Peers with an open connection', t.noRequest, t.peerList),
  doctor: get('doctor', 'Checks of the node by itself, each with what to do', t.noRequest, t.diagnosis),
  invite: post('invite', 'Makes an invite for a node of this domain', trust.inviteRequest, trust.inviteResponse),
  swarmInvite: post('invite/swarm', 'Makes an invite for the founder of another domain', trust.swarmInviteRequest, trust.inviteResponse),
  openInvite: post('invite/open', 'Makes an invite without a voucher: whoever has it may apply with materials', trust.openInviteRequest, trust.inviteResponse),
  voucher: post('ca/voucher', 'Makes a voucher for a machine that enrols by EST or ACME', trust.voucherRequest, trust.voucherResponse),
  find: post('find', 'Discovers agents of all listed domains (draft 3.2.3)', t.findRequest, t.findResponse),
  resolve: get('resolve', 'The signed record of one agent, verified', t.agentRequest, t.resolveResponse),
  call: postStream('call', 'Sends a message to an agent and streams what comes back', t.callRequest, t.callEvent),
  card: get('card', "The agent's own card, asked of the agent", t.agentRequest, t.cardResponse),
  cancelCall: post('call/cancel', 'Cancels a task at the agent that has it (A2A CancelTask)', t.cancelCallRequest, t.cancelCallResponse),
  receipt: post('receipt', 'What has become of a message that waits for an agent', inbox.receiptRequest, inbox.receiptResponse),
  sessionList: get('sessions', 'Sessions (A2A contextId) of this node, newest first', s.sessionListRequest, s.sessionList),
  sessionShow: get('session', 'A session and what was said in it', s.sessionShowRequest, s.sessionView),
  sessionExport: postStream('session/export', 'A session line by line, as JSON Lines or Markdown', s.sessionExportRequest, s.exportLine),
  sessionVerify: get('session/verify', 'Whether a session is as it was recorded', s.sessionRequest, s.sessionVerification),
  sessionCompare: post('session/compare', "A session beside the other party's export", s.sessionCompareRequest, s.sessionComparison),
  sessionDelete: post('session/delete', 'Deletes a session', s.sessionRequest, s.deletedSession),
  taskPlan: post('task/plan', 'Makes a plan of a workflow or goal, and does nothing yet (draft 2.4)', task.taskPlanRequest, task.taskPlan),
  taskRun: post('task/run', 'Plans and begins a task; the same id again gives the one that there is', task.taskRunRequest, task.taskView),
  taskList: get('task/list', 'Tasks of this node, newest first', task.taskListRequest, task.taskList),
  taskShow: get('task/show', 'One task with its steps', task.taskRequest, task.taskView),
  taskWatch: postStream('task/watch', 'One task as it goes on, until it ends', task.taskRequest, task.taskView),
  taskCancel: post('task/cancel', 'Cancels a task, at every agent that works on it', task.taskRequest, task.taskView),
  taskResume: post('task/resume', 'Lets a task that failed go on with what failed', task.taskRequest, task.taskView),
  taskAnswer: post('task/answer', 'Answers what the agent of a step asks', task.taskAnswerRequest, task.taskView),
  taskFile: get('task/file', 'A file that an agent has put out', task.taskFileRequest, task.taskFile),
  agents: get('agents', 'Registrations of this domain', t.noRequest, t.agentList),
  agent: get('agent', 'One registration of this domain', t.agentRequest, t.agentSummary),
  deregister: post('agent/deregister', 'Ends a registration (draft 3.2.2)', t.agentRequest, t.deregistration),
  applications: get('ca/applications', 'Applications that wait for a decision (draft 3.1.1)', t.noRequest, a.applicationList),
  application: get('ca/application', 'One application with its evidence', a.applicationRequest, a.application),
  approve: post('ca/approve', 'Approves an application', a.approveRequest, a.application),
  reject: post('ca/reject', 'Rejects an application', a.rejectRequest, a.application),
  certificates: get('ca/certificates', 'Certificates issued by this ACA', t.noRequest, trust.certificateList),
  certificate: get('ca/certificate', 'Certificates of one subject', trust.certificateRequest, trust.certificateList),
  revoke: post('ca/revoke', 'Revokes certificates (draft 3.1.2)', trust.revokeRequest, trust.revokeResponse),
  revokeOrganisation: post('ca/revoke/organisation', 'Revokes all of an organisation', trust.revokeOrganisationRequest, trust.revokeResponse),
  release: post('ca/release', 'Lifts a hold (draft 3.1.2: recovery)', trust.certificateRequest, trust.releaseResponse),
  crl: get('ca/crl', 'The current certificate revocation list', trust.crlRequest, trust.crlResponse),
  audit: get('ca/audit', 'What was decided, entry by entry', trust.auditRequest, trust.auditList),
  auditVerify: get('ca/audit/verify', 'Whether the log of decisions is as it was written', t.noRequest, trust.auditVerification),
  roots: get('ca/roots', 'Roots of the own and of all listed domains', t.noRequest, trust.rootList),
  neighbors: get('gateway/neighbors', 'The AGw Neighbor List (draft 3.4.1)', t.noRequest, t.neighborList),
  routes: get('gateway/routes', 'The routing table', t.noRequest, t.routeList),
  connect: post('gateway/connect', 'Interconnects with another gateway (draft 3.4.1)', t.connectRequest, t.connectResponse),
  unlist: post('trust/unlist', 'Takes a domain off the list: nothing of it is believed any longer', trust.unlistRequest, trust.unlistResponse),
  disconnect: post('gateway/disconnect', 'Ends an interconnection and removes its agents (draft 3.4.3)', t.disconnectRequest, t.disconnectResponse),
  trace: get('gateway/trace', 'Each gateway on the way to an agent with its time', t.agentRequest, t.traceResponse),
  inbox: get('gateway/inbox', 'Messages that wait here for agents that are offline (draft 2.5), and the last that did', inbox.inboxRequest, inbox.inboxList),
  inboxDrop: post('gateway/inbox/drop', 'Ends a message that waits, or forgets one that is over', inbox.inboxDropRequest, inbox.inboxItem),
  ownCertificate: get('certificate', "This node's own certificate", t.noRequest, trust.ownCertificate),
  ownCertificateStatus: get('certificate/status', 'What the ACA says of it', t.noRequest, trust.certificate),
  renew: post('certificate/renew', 'Renews it now', trust.renewRequest, trust.ownCertificate),
  rekey: post('certificate/rekey', 'Gets a certificate for a new key, which the node takes at its next start', t.noRequest, trust.rekeyResponse),
  revokeOwn: post('certificate/revoke', 'Gives it up: nobody believes this node any longer', trust.revokeOwnRequest, trust.revokeOwnResponse)
} as const

export type AdminOperationName = keyof typeof adminOperations

/** What the caller writes, defaults left out. */
export type AdminInput<K extends AdminOperationName> = z.input<(typeof adminOperations)[K]['request']>
/** What the node gets, defaults filled in. */
export type AdminRequest<K extends AdminOperationName> = z.output<(typeof adminOperations)[K]['request']>
export type AdminResponse<K extends AdminOperationName> = z.output<(typeof adminOperations)[K]['response']>

type Answer<K extends AdminOperationName> = (typeof adminOperations)[K]['stream'] extends true ? AsyncIterable<AdminResponse<K>> : Promise<AdminResponse<K>>

/**
 * What a running node does for its operator. Every operation throws HansaError: ROLE_MISSING on a node without the role, and what it names itself.
 * `signal` aborts when the operator has gone away.
 */
export type NodeOperations = { readonly [K in AdminOperationName]: (request: AdminRequest<K>, signal: AbortSignal) => Answer<K> }

/** Names of operations with one response, and of those with many. */
export type StreamName = { [K in AdminOperationName]: (typeof adminOperations)[K]['stream'] extends true ? K : never }[AdminOperationName]
export type UnaryName = Exclude<AdminOperationName, StreamName>
