import { z } from 'zod'
import { roles } from './roles-type.ts'

/** What the admin API speaks: plain JSON. Times are milliseconds since the epoch; empty lists are there, absent things are absent. */

export const agent = z.string().min(1).max(512).meta({ description: 'Handle, resource ID or SPIFFE ID; a bare name means the own domain.' })
const status = z.enum(['online', 'offline', 'unknown'])
const json = z.json()
const ttl = z
  .int()
  .min(1)
  .max(7 * 86_400_000)

export const noRequest = z.strictObject({})

export const errorShape = z.object({ code: z.string(), message: z.string(), hint: z.string(), metadata: z.record(z.string(), z.string()) })
export type ErrorShape = z.infer<typeof errorShape>

// ---- node -----------------------------------------------------------------------------------------------------------------------------

export const nodeStatus = z.object({
  version: z.string(),
  domain: z.string(),
  name: z.string(),
  roles,
  spiffeId: z.string(),
  peer: z.string(),
  pid: z.int(),
  startedAt: z.number(),
  state: z.enum(['starting', 'running', 'stopping']),
  addresses: z.array(z.string()).meta({ description: 'Multiaddrs with /p2p/.' }),
  ingress: z.string().optional(),
  certificate: z.object({ serial: z.string(), notAfter: z.number() }).optional(),
  listedDomains: z.array(z.string()),
  degraded: z
    .array(z.string())
    .optional()
    .meta({ description: 'What works less well than it should, a sentence each: revocation lists that have not been replaced in time.' }),
  peers: z.int(),
  /** Present with the role ars: registrations in the Agent Database. */
  registeredAgents: z.int().optional(),
  /** Present with the role agw. */
  neighbors: z.int().optional(),
  attachedAgents: z.int().optional(),
  /** Present with the role agent. */
  agent: z.object({ resourceId: z.string(), handle: z.string(), gateway: z.string().optional(), status }).optional()
})
export type NodeStatus = z.infer<typeof nodeStatus>

export const peerList = z.object({
  peers: z.array(
    z.object({ peer: z.string(), address: z.string(), direction: z.enum(['inbound', 'outbound']), spiffeId: z.string().optional(), roles: roles.optional() })
  )
})

export const diagnosis = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ check: z.string(), ok: z.boolean(), detail: z.string(), hint: z.string().optional() }))
})
export type Diagnosis = z.infer<typeof diagnosis>

// ---- directory ------------------------------------------------------------------------------------------------------------------------

export const agentAddress = z.object({
  gateway: z.boolean().meta({ description: 'True when the node named is a gateway (always for agents of other domains).' }),
  spiffeId: z.string(),
  peer: z.string(),
  addresses: z.array(z.string()),
  url: z.string().optional()
})

export const agentSummary = z.object({
  handle: z.string(),
  resourceId: z.string(),
  spiffeId: z.string(),
  domain: z.string(),
  name: z.string(),
  description: z.string(),
  capabilities: z.array(z.string()),
  languages: z.array(z.string()),
  protocols: z.array(z.string()),
  streaming: z.boolean(),
  skills: z
    .array(z.object({ id: z.string(), capabilities: z.array(z.string()), inputs: z.array(z.string()), outputs: z.array(z.string()) }))
    .meta({ description: 'Skills that say which facts they take and put out.' }),
  extensions: z.array(z.string()).meta({ description: 'URIs of A2A extensions.' }),
  status,
  sequence: z.number(),
  issuedAt: z.number(),
  expiresAt: z.number(),
  ars: z.string(),
  score: z.number().optional(),
  address: agentAddress.optional()
})
export type AgentSummary = z.infer<typeof agentSummary>

export const findRequest = z.strictObject({
  text: z.string().max(1024).default(''),
  capabilities: z.array(z.string().max(200)).max(16).default([]),
  language: z.string().max(35).optional(),
  protocol: z.string().max(32).optional(),
  outputs: z.array(z.string().max(63)).max(16).default([]).meta({ description: 'Facts: a skill puts out one of them.' }),
  domain: z.string().max(253).optional(),
  status: z.enum(['online', 'any']).default('online'),
  limit: z.int().min(1).max(100).default(20)
})
export const findResponse = z.object({
  hits: z.array(agentSummary),
  asked: z.array(z.object({ domain: z.string(), ars: z.string(), hits: z.int(), ms: z.number(), error: errorShape.optional() })),
  complete: z.boolean()
})

export const agentRequest = z.strictObject({ agent })
export const resolveResponse = z.object({
  agent: agentSummary,
  source: z.string().meta({ description: 'local, ars or dht.' }),
  verified: z.array(z.string()).meta({ description: 'What was checked of the signed record, one sentence each.' })
})

export const agentList = z.object({ agents: z.array(agentSummary) })

export const deregistration = z.object({ resourceId: z.string() })

// ---- data -----------------------------------------------------------------------------------------------------------------------------

export const callRequest = z.strictObject({
  agent,
  text: z.string().max(8_000_000).optional(),
  data: json.optional().meta({ description: 'A data part (A2A) beside the text.' }),
  files: z
    .array(z.strictObject({ name: z.string().max(255), mediaType: z.string().max(255), base64: z.string().max(16_000_000) }))
    .max(16)
    .default([]),
  stream: z.boolean().default(false),
  session: z.string().max(256).optional().meta({ description: 'A2A contextId.' }),
  toLanguage: z
    .string()
    .max(35)
    .optional()
    .meta({ description: 'BCP 47 tag: a language of the agent, for the message, or another, for answers (draft 3.3.2).' }),
  onMissing: z.enum(['fail', 'pass']).optional().meta({ description: 'What to do where nobody translates; fail otherwise.' }),
  inbox: z
    .strictObject({ ttlMs: ttl.optional() })
    .optional()
    .meta({ description: 'The message may wait at the gateway of the agent while the agent is offline; ttlMs: how long at most.' }),
  timeoutMs: z.int().min(1).max(3_600_000).optional()
})
/** What has become of a message that waits, or waited, for an agent. */
const receipt = z.object({
  id: z.string(),
  state: z.string().meta({ description: 'waiting, delivering, delivered, expired, refused or canceled.' }),
  expiresAt: z.number(),
  taskId: z.string().optional().meta({ description: "The agent's own task, when it has answered with one." })
})
export const callEvent = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('response'),
    text: z.string().meta({ description: 'The text parts of this response; empty when there are none.' }),
    state: z.string().optional().meta({ description: 'State of the task, where there is one.' }),
    response: json.meta({ description: 'SendMessageResponse or StreamResponse of A2A 1.0 as ProtoJSON.' }),
    receipt: receipt.optional().meta({ description: 'The agent is offline, and this is the receipt of the message.' })
  }),
  z.object({
    kind: z.literal('end'),
    agent: z.string().meta({ description: 'Handle.' }),
    ms: z.number(),
    hops: z.array(z.object({ gateway: z.string(), ms: z.number() })),
    encrypted: z.boolean().meta({ description: 'End to end: no gateway on the way could read it.' }),
    translated: z.boolean(),
    translations: z.array(z.object({ gateway: z.string(), from: z.string(), to: z.string(), engine: z.string(), reply: z.boolean() }))
  })
])
export type CallEvent = z.infer<typeof callEvent>

export const cardResponse = z.object({ agent, card: json.meta({ description: 'AgentCard of A2A as the agent gave it.' }) })

export const cancelCallRequest = z.strictObject({ agent, task: z.string().min(1).max(256).meta({ description: 'A2A taskId.' }) })
export const cancelCallResponse = z.object({ agent, task: z.string(), state: z.string() })

// ---- reachability ---------------------------------------------------------------------------------------------------------------------

export const neighbor = z.object({
  gateway: z.string().meta({ description: 'SPIFFE ID.' }),
  domain: z.string(),
  peer: z.string(),
  status: z.enum(['running', 'restarting', 'offline']),
  addresses: z.array(z.string()),
  rttMs: z.number().optional(),
  sinceMs: z.number().meta({ description: 'Milliseconds since the last change of status.' }),
  agents: z.int()
})
export const neighborList = z.object({ neighbors: z.array(neighbor) })
export type NeighborList = z.infer<typeof neighborList>

export const routeList = z.object({
  routes: z.array(
    z.object({
      handle: z.string(),
      resourceId: z.string(),
      gateway: z.string().meta({ description: 'The gateway that the agent is attached to.' }),
      nextHop: z.string().optional().meta({ description: 'Absent when the agent is attached here or cannot be reached.' }),
      cost: z.number().optional(),
      hops: z.int().optional(),
      applicable: z.boolean(),
      status
    })
  )
})

export const connectRequest = z.strictObject({
  address: z.string().min(1).max(512).meta({ description: 'Multiaddr of the other gateway.' }),
  root: z
    .string()
    .regex(/^SHA256:[0-9a-fA-F:]{64,95}$/)
    .optional()
    .meta({ description: 'Lists the domain of the gateway if its root has this fingerprint.' })
})
export const connectResponse = z.object({ neighbor, listed: z.boolean().meta({ description: 'True when its domain was listed by this request.' }) })

export const disconnectRequest = z.strictObject({
  gateway: z.string().min(1).max(512).meta({ description: 'SPIFFE ID, PeerId, domain or name@domain of the neighbour.' })
})
export const disconnectResponse = z.object({ gateway: z.string(), agentsRemoved: z.int() })

export const traceResponse = z.object({ agent: z.string(), hops: z.array(z.object({ gateway: z.string(), ms: z.number() })), ms: z.number() })
