import { multiaddr } from '@multiformats/multiaddr'
import { z } from 'zod'
import { parseDomain } from '../../core/ids/domain.ts'
import { caSection } from './ca-section.ts'
import { languageSection } from './language-section.ts'
import { sessionsSection } from './sessions-section.ts'
import { ROLES, sortRoles } from '../../core/ids/role.ts'
import { parseName } from '../../core/ids/spiffe-id.ts'
import {
  capability,
  duration,
  flag,
  integer,
  type Kind,
  list,
  localAddress,
  oneOf,
  optional,
  origin,
  parsedBy,
  rate,
  required,
  setting,
  tcpAddress,
  text
} from './setting.ts'

const domainName = parsedBy('a lower-case domain name such as north.example', parseDomain)
const nodeName = parsedBy('1 to 63 of a-z 0-9 . _ -', parseName)
const address: Kind<z.ZodType<string, string>> = {
  schema: z.string().refine((value) => {
    try {
      return value.length <= 512 && multiaddr(value).getComponents().length > 0
    } catch {
      return false
    }
  }),
  expected: 'a multiaddr such as /ip4/192.0.2.1/tcp/4001'
}
const path = text('the path of a file, absolute or beginning at the home')
const roleList = list(oneOf(...ROLES), ROLES.length, 1)
const roles: Kind<z.ZodType<(typeof ROLES)[number][], (typeof ROLES)[number][]>> = { ...roleList, schema: roleList.schema.transform(sortRoles) }
const languageTag = text('a BCP 47 tag such as en or zh-Hans', 35)
const url = text('an http: or https: URL, or the path of a file', 2048)

/** Roots of one listed domain, and where its ACA is asked for CRLs. */
const listedDomain = z.strictObject({
  roots: z.array(path.schema).min(1).max(8),
  aca: z.array(address.schema).max(8).default([])
})
const listedDomains: Kind<z.ZodRecord<typeof domainName.schema, typeof listedDomain>> = {
  schema: z.record(domainName.schema, listedDomain).refine((domains) => Object.keys(domains).length <= 1024),
  expected: 'a map of at most 1024 domains, each { roots: [FILE, ...], aca: [MULTIADDR, ...] }'
}

function section<S extends z.ZodRawShape>(shape: S): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> {
  return z.strictObject(shape).prefault({} as never)
}

/** Every key of config.yaml. Network constants (protocol IDs, topics, key prefixes) are no settings: they live in wire/. */
export const configSchema = z
  .strictObject({
    domain: required(domainName, 'The trust domain; the certificate says the same.'),
    name: required(nodeName, 'The name of this node within its domain; the certificate says the same.'),
    roles: required(roles, 'What this node does; the certificate lists the same roles.'),
    swarm: section({
      listen: setting(
        list(address, 16),
        ['/ip4/0.0.0.0/tcp/4001', '/ip4/0.0.0.0/tcp/4002/ws'],
        'All interfaces; WebSocket beside TCP for networks that pass only HTTP.'
      ),
      announce: setting(list(address, 16), [], 'Addresses told to others instead of the listening ones; only the operator knows those behind NAT.'),
      bootstrap: setting(list(address, 64), [], 'Nodes dialled at start; the first node of a swarm has none.'),
      key: setting(
        text('public, or the path of a file, absolute or beginning at the home'),
        'swarm.key',
        'Only holders of this key get a word in; public means an open swarm.'
      ),
      dht: setting(oneOf('server', 'client'), 'server', 'Servers store records for others; a client (a phone, a laptop) only asks.')
    }),
    trust: section({
      domains: setting(listedDomains, {}, 'Other domains whose certificates are believed; none until the operator says so.'),
      crlEvery: setting(
        duration('1s', '1d'),
        '5m',
        'How often revocation lists are asked for: bounds how long a revoked certificate is believed where gossip does not reach.'
      ),
      stale: setting(
        oneOf('auto', 'refuse', 'accept'),
        'auto',
        'What becomes of the certificates of a CA whose list is older than the grace allows: auto refuses them at gateways and servers, and accepts them at agents.'
      ),
      staleGrace: setting(duration('0s', '30d'), '24h', 'How long after its end a list still does, reported as degraded: one life of an agent certificate.')
    }),
    gateway: section({
      listen: setting(tcpAddress, '0.0.0.0:7400', 'One port for all foreign clients.'),
      announce: optional(
        origin,
        'Where others reach that port, for cards, catalogs and addresses; only the operator knows a name, a proxy or a NAT. Otherwise the listening address.'
      ),
      clients: setting(
        oneOf('loopback', 'none'),
        'loopback',
        "Whose HTTP requests without a certificate are taken in the name of this gateway: those from this machine, or nobody's."
      ),
      tls: section({
        certificate: optional(path, 'PEM chain for clients outside the network, with its key; otherwise TLS is served with the certificate of the node.'),
        key: optional(path, 'PEM key that goes with the certificate.')
      }),
      proxies: setting(
        list(text('an IP address or a network such as 10.0.0.0/8', 64), 64),
        [],
        'Whose X-Forwarded headers are believed: only the operator knows which proxies stand before this gateway.'
      ),
      mqtt: section({
        broker: setting(
          text('embedded, none, or the mqtt: or mqtts: URL of a broker', 512),
          'embedded',
          'A broker of its own behind the one port, unless the domain has one already.'
        ),
        username: optional(text('a user name at that broker', 200), 'Where that broker asks for one.'),
        password: optional(path, 'File with the password that goes with it.')
      }),
      webhooks: setting(
        list(text('an IP address, a network such as 10.0.0.0/8, or a host name', 253), 64),
        [],
        'Private addresses that clients of this gateway may have notifications sent to; public ones need no entry, all others are refused.'
      ),
      language: languageSection,
      inbox: section({
        enabled: setting(flag, true, 'Messages that may wait are kept for agents of this gateway that are offline: a laptop can host an agent.'),
        ttl: setting(
          duration('1s', '7d'),
          '24h',
          'How long they wait at most: a laptop comes back from the night; after a week the sender has gone other ways.'
        ),
        perAgent: setting(integer(1, 100_000), 1_000, 'Messages that wait for one agent; a sender may have a fifth of the default.'),
        bytesPerAgent: setting(integer(65_536, 1_073_741_824), 67_108_864, 'Bytes of these: 64 MiB, four messages of the largest size.'),
        total: setting(integer(1, 1_000_000), 100_000, 'Messages that wait in all; about 500 bytes of memory each.')
      }),
      neighbors: setting(list(address, 64), [], 'Gateways connected at start and again whenever they were lost.'),
      heartbeat: setting(duration('200ms', '1h'), '30s', 'The draft leaves it open; three missed ones make offline, so an outage shows within two minutes.'),
      missed: setting(integer(1, 20), 3, 'Two lost packets or one long pause of a garbage collector must not take an agent away.'),
      hold: setting(duration('0s', '1h'), '30s', 'How long the agents of a gateway that said it restarts are kept: a process is back within seconds.'),
      export: setting(
        list(text('a handle (name@domain, * within the name), a capability that covers those below it, or *', 200), 256),
        ['*'],
        'Listed domains see all agents unless this narrows it; an empty list shows nothing.'
      ),
      intraDomain: setting(
        oneOf('direct', 'gateway'),
        'direct',
        'Within a domain agents reach each other themselves (draft 3.2.3); gateway sends that through the gateway too.'
      )
    }),
    registry: section({
      recordLifetime: setting(duration('1m', '30d'), '24h', 'A record outlives a day without its server, and no longer.'),
      republish: setting(duration('10s', '7d'), '1h', 'DHT peers come and go; an hour keeps enough copies at little cost.'),
      queryTimeout: setting(
        duration('100ms', '30s'),
        '2s',
        'A healthy server answers a discovery in milliseconds; one that hangs must not hold up the answer, and is reported as missing.'
      )
    }),
    ca: caSection,
    agent: section({
      name: optional(text('a name for people', 200), 'Instead of the one in the card; the handle comes from the certificate.'),
      card: optional(url, 'Where the card of the agent beside this node is: hansa agent run writes it.'),
      mapping: optional(path, 'How a plain HTTP or gRPC service is called as an agent: hansa agent run --mapping FILE.'),
      capabilities: setting(list(capability, 64), [], 'Offered beside what the skills of the card say.'),
      languages: setting(list(languageTag, 64), [], 'The card has no place for them.'),
      idempotent: setting(
        flag,
        false,
        'Only who runs the agent knows whether its answers may be kept a day; for callers that ask for it, each message costs two writes to the disk.'
      ),
      repeatable: setting(flag, false, 'Only who runs the agent knows whether work that may have been done may be done again.'),
      probe: setting(
        duration('100ms', '10m'),
        '5s',
        'A dead agent is seen this fast although heartbeats are further apart; a probe is one small request on the same machine.'
      )
    }),
    limits: section({
      enrol: setting(rate, '60/min', 'Per caller; a node enrols once and renews once a week.'),
      discovery: setting(rate, '60/min', 'Per caller; the one that costs others work (traffic control, draft 2.5).'),
      registration: setting(rate, '120/min', 'Per caller; registrations change seldom, and each costs a disk write.'),
      status: setting(rate, '1200/min', 'Per caller; a node with several agents beats for each.'),
      call: setting(rate, '60000/min', 'Per caller; a thousand calls a second is beyond what an agent needs.'),
      infrastructure: setting(rate, '12000/min', 'Per caller; gateways and servers among each other.'),
      openCalls: setting(integer(1, 100_000), 100, 'Calls one caller may have open at a time.'),
      openCallsTotal: setting(integer(1, 1_000_000), 10_000, 'Calls open at a time in all; bounds the memory they take.')
    }),
    sessions: sessionsSection,
    admin: section({
      listen: setting(localAddress, '127.0.0.1:7401', 'Only this machine; unix:PATH keeps even other users of it out.')
    }),
    log: section({
      level: setting(oneOf('debug', 'info', 'warn', 'error', 'silent'), 'info', 'What an operator wants to see of a healthy node.'),
      format: setting(oneOf('auto', 'json', 'pretty'), 'auto', 'pretty on a terminal, json otherwise.')
    }),
    metrics: section({
      process: setting(flag, true, 'Figures of the Node.js process beside those of Hansa.')
    }),
    data: setting(path, 'data', 'Databases of the roles, in the home unless they need a disk of their own.')
  })
  .superRefine((config, context) => {
    if (config.registry.republish > config.registry.recordLifetime)
      context.addIssue({ code: 'custom', path: ['registry', 'republish'], message: 'a duration not longer than registry.recordLifetime' })
    if ((config.gateway.tls.certificate === undefined) !== (config.gateway.tls.key === undefined))
      context.addIssue({ code: 'custom', path: ['gateway', 'tls'], message: 'both a certificate and its key, or neither' })
    if (!config.ca.policy.require.some((material) => material !== 'document'))
      context.addIssue({
        code: 'custom',
        path: ['ca', 'policy', 'require'],
        message: 'voucher or oidc, alone or with document: a document tells of an organisation, and nothing of who brings a copy of it'
      })
    if (Object.hasOwn(config.trust.domains, config.domain))
      context.addIssue({ code: 'custom', path: ['trust', 'domains', config.domain], message: 'another domain; the roots of the own one are in the home' })
  })

/** The settings of one node: complete (every default filled in), durations in milliseconds, rates and addresses parsed. */
export type Config = z.output<typeof configSchema>

/** What may stand in config.yaml. */
export type ConfigFile = z.input<typeof configSchema>
