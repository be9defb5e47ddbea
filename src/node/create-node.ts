import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createWebhookSender } from '../adapters/http/webhook-sender.ts'
import { createSwarmNode } from '../adapters/libp2p/swarm-node.ts'
import { createRpc } from '../adapters/rpc/create-rpc.ts'
import { createMac } from '../adapters/system/crypto.ts'
import { random } from '../adapters/system/random.ts'
import { openStore } from '../adapters/sqlite/store.ts'
import { openAgentDatabase } from '../adapters/sqlite/agent-database.ts'
import { recordRules } from '../core/dht/record-rules.ts'
import { words } from '../core/directory/words.ts'
import { recordingSwarmClient } from '../roles/agent/sessions/recording-swarm-client.ts'
import { createSessions } from '../roles/agent/sessions/sessions.ts'
import { createSwarmClient } from '../roles/agent/swarm-client.ts'
import { createOrchestrator } from '../roles/agent/tasks/orchestrator.ts'
import { agw } from '../roles/agw/agw.ts'
import { ars } from '../roles/ars/ars.ts'
import { createAdmission } from '../roles/member/admission.ts'
import { createIdentities } from '../roles/member/identities.ts'
import { member } from '../roles/member/member.ts'
import { createRecords } from '../roles/member/records.ts'
import { version } from './version.ts'
import { acaOf } from './aca-of.ts'
import { agentOf } from './agent-of.ts'
import { prepareAuthority } from './authority/prepare-authority.ts'
import { createDesk } from './desk.ts'
import { brokerOf } from './broker-of.ts'
import { type Doors, openDoors } from './doors.ts'
import type { HansaNode, NodeOptions } from './hansa-node.ts'
import { giveUpReplaced } from './give-up-replaced.ts'
import type { Home } from './home/open-home.ts'
import { openLocked } from './home/open-locked.ts'
import { named, type NamedPart, startAll, stopAll } from './lifecycle.ts'
import { authorityOf } from './own-certificate.ts'
import { openChain, saveChain } from './own-chain.ts'
import { openPlatform, type Platform } from './platform.ts'
import { admissionSettings, agwSettings, arsSettings, crlSources, sessionsSettings, stalePolicy } from './role-settings.ts'
import type { TrustBundle } from '../schema/generated/hansa/v1/trust_pb.ts'
import { spiffeBundle } from './spiffe-bundle.ts'
import { createPlanner } from './task/planner.ts'
import { certificateOf } from './tls-certificate.ts'
import { openCompanion } from './tls-companion.ts'
import { translatorOf } from './translator-of.ts'
import { configuredRoots, ownRoots, saveRoots } from './trust-of-home.ts'

/**
 * The composition root: makes a node of a home, from the ground up. Not started. Throws HOME_MISSING, HOME_LOCKED, KEY_MISSING, CONFIG_INVALID,
 * STORE_FAILED, and what is wrong with the certificate.
 */
export async function createNode(options: NodeOptions): Promise<HansaNode> {
  const { home, lock } = await openLocked(options.home, options.env ?? process.env)
  const platform = openPlatform(home, lock)
  try {
    return await compose(home, platform, options)
  } catch (error) {
    platform.close()
    throw error
  }
}

async function compose(home: Home, platform: Platform, options: NodeOptions): Promise<HansaNode> {
  const { config } = home
  const { clock, log, metrics, signer, verify, sha256, store } = platform
  const { domain } = config
  await prepareAuthority(home, clock.now())
  const logOf = (part: string) => log.child({ part })

  // Who we are and whom we believe.
  const identities = createIdentities({
    domain,
    signer,
    clock,
    verify,
    sha256,
    store,
    chain: await openChain(home, platform),
    roots: await ownRoots(home),
    stale: stalePolicy(config),
    onRoots: (roots) => saveRoots(home, roots),
    log: logOf('trust')
  })
  await identities.configure(await configuredRoots(home))
  const records = createRecords({ identities, signer, verify })

  // The swarm, and calls over it.
  const swarmNode = await createSwarmNode({
    privateKey: home.seed,
    listen: config.swarm.listen,
    announce: config.swarm.announce,
    ...(home.swarmKey === undefined ? {} : { swarmKey: Buffer.from(home.swarmKey) }),
    // Agents stay out of the table: they come and go.
    dht: options.agent !== undefined || config.roles.every((role) => role === 'agent') ? 'client' : config.swarm.dht,
    recordRules: recordRules(
      (schema, record) => records.consistent(schema, record),
      sha256,
      () => clock.now()
    ),
    allowQueryWithZeroPeers: config.swarm.bootstrap.length === 0,
    log: logOf('swarm')
  })
  const { network, pubsub, dht } = swarmNode
  const rpc = createRpc({ network, identities, admission: createAdmission(clock, admissionSettings(config)), clock, log: logOf('rpc') })

  // Roles.
  const companion = await openCompanion(home, logOf('member'))
  let door: Doors | undefined
  const authority = config.roles.includes('aca') ? await authorityOf(home, clock.now(), () => door?.address) : undefined
  const members = member({
    domain,
    bootstrap: config.swarm.bootstrap,
    ingress: () => door?.address,
    crlEveryMs: config.trust.crlEvery,
    crlSources: crlSources(config)
  }).create({
    clock,
    log: logOf('member'),
    rpc,
    network,
    pubsub,
    signer,
    identities,
    records,
    sha256,
    random,
    onChain: (chain) => saveChain(home, chain),
    ...(authority === undefined ? {} : { roots: () => authority.issuer.roots }),
    companion,
    metrics
  })
  const shared = { clock, rpc, records, identities, members, sha256, metrics }
  const acaService =
    authority === undefined
      ? undefined
      : await acaOf(home, {
          ...{ ...shared, ...authority, log: logOf('aca'), pubsub, store, verify },
          chain: () => identities.chain(),
          onCrl: (list) => void identities.acceptCrl(list)
        })
  const database = config.roles.includes('ars') ? openAgentDatabase(join(platform.data, 'agents.db'), { words }) : undefined
  const arsService = database === undefined ? undefined : ars(arsSettings(config)).create({ ...shared, log: logOf('ars'), dht, database })
  const trust = {
    list: async (listed: string, roots: Uint8Array[]) => void (await identities.list(listed, roots)),
    bundle: () => members.bundle().bundle,
    heard: (peer: string, said: TrustBundle | undefined) => members.bundleHeard(peer, said)
  }
  const newId = (): string => randomBytes(24).toString('base64url')
  const push = {
    store,
    sender: createWebhookSender({ allow: config.gateway.webhooks }),
    mac: createMac(home.seed, 'webhooks'),
    newId,
    ingress: () => door?.address
  }
  const translator = config.roles.includes('agw') ? await translatorOf(home, { clock, log: logOf('language'), metrics }) : undefined
  const agwService = config.roles.includes('agw')
    ? agw(agwSettings(config)).create({ ...shared, log: logOf('agw'), network, pubsub, store, trust, domain, push, inbox: { store, newId }, translator })
    : undefined
  // In a file of its own, so that recording never makes state that is acknowledged wait.
  const sessionStore = openStore(join(platform.data, 'sessions.db'), 'normal')
  const sessions = createSessions({ store: sessionStore, clock, log: logOf('sessions'), sha256, metrics, config: sessionsSettings(config) })
  const agentService = config.roles.includes('agent') ? await agentOf(options, home, { ...shared, network, store, sessions, log: logOf('agent') }) : undefined
  door = await openDoors(config, {
    clock,
    log: logOf('ingress'),
    identities,
    signer,
    agw: agwService,
    aca: acaService,
    store,
    certificates: await certificateOf(home, identities, companion),
    bundle: () => spiffeBundle(members.bundle().bundle),
    mqtt: await brokerOf(home)
  })

  const client = createSwarmClient({
    ...shared,
    config: { intraDomain: config.gateway.intraDomain },
    attachedGateway: () => agentService?.state().attached?.gateway.peerId
  })
  const swarm = recordingSwarmClient(client, sessions, { identities })
  const tasks = createOrchestrator({
    ...{ swarm, store, clock, sha256, metrics, ownDomain: domain, log: logOf('tasks') },
    newId: () => randomBytes(16).toString('base64url').replace(/^[-_]/, '0'),
    random
  })

  // What serves others stops first and starts last.
  const parts: NamedPart[] = [
    named('swarm', swarmNode),
    named('rpc', rpc),
    ...(door === undefined ? [] : [{ name: 'ingress', start: async () => void (await door.start()), stop: () => door.stop() }]),
    named('member', members),
    named('replaced', giveUpReplaced({ paths: home.paths, member: members, clock, log: logOf('member'), random })),
    ...(acaService === undefined ? [] : [named('aca', acaService)]),
    ...(arsService === undefined ? [] : [named('ars', arsService)]),
    ...(translator === undefined ? [] : [named('language', translator)]),
    named('sessions', sessions),
    ...(agwService === undefined ? [] : [named('agw', agwService)]),
    ...(agentService === undefined ? [] : [named('agent', agentService)]),
    named('tasks', tasks)
  ]
  let state: HansaNode['state'] = 'starting'
  let stopped: Promise<void> | undefined

  async function close(): Promise<void> {
    state = 'stopping'
    await stopAll(parts, log)
    database?.close()
    sessionStore.close()
    platform.close()
  }

  const node: Omit<HansaNode, 'desk'> = {
    home,
    version,
    startedAt: clock.now(),
    get state() {
      return state
    },
    clock,
    log,
    metrics,
    network,
    rpc,
    identities,
    records,
    member: members,
    ...(acaService === undefined ? {} : { aca: acaService }),
    ...(arsService === undefined ? {} : { ars: arsService }),
    ...(agwService === undefined ? {} : { agw: agwService }),
    ...(agentService === undefined ? {} : { agent: agentService }),
    sessions,
    swarm,
    tasks,
    planner: createPlanner({ find: swarm.find }),
    ingress: () => door?.address,
    async start() {
      try {
        await startAll(parts, log)
        state = 'running'
      } catch (error) {
        parts.length = 0
        await close()
        throw error
      }
    },
    stop: () => (stopped ??= close())
  }
  return Object.assign(node, { desk: createDesk(node) })
}
