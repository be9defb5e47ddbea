import { nodeOperations } from '../../admin/node/node-operations.ts'
import { createAdminServer } from '../../admin/server.ts'
import { createNode } from '../../node/create-node.ts'
import type { HansaNode, NodeOptions } from '../../node/hansa-node.ts'
import { removeRunFile, type RunFile, writeRunFile } from '../../node/home/run-file.ts'
import type { UpOptions } from '../../node/host.ts'
import { version } from '../../node/version.ts'

/** Runs the node of a home until `signal`: the node, its admin server, and the run file that tells other commands where both are. */
export async function up({ home, signal, onReady }: UpOptions): Promise<void> {
  await serve({ home }, signal, async (_, run) => onReady(run))
}

/** As `up`, for a node made with `options`; `ready` runs when all listeners are up, and what it throws ends the node. */
export async function serve(options: NodeOptions, signal: AbortSignal, ready: (node: HansaNode, run: RunFile) => Promise<void>): Promise<void> {
  const node = await createNode(options)
  const { paths, adminToken, config } = node.home
  const admin = createAdminServer({
    operations: nodeOperations(node),
    metrics: node.metrics,
    token: adminToken,
    listen: config.admin.listen,
    version,
    log: node.log.child({ part: 'admin' })
  })
  try {
    await node.start()
    await admin.start()
    const run = runFileOf(node, admin.address())
    await writeRunFile(paths, run)
    await ready(node, run)
    await aborted(signal)
  } finally {
    // Whatever does not end in order, the node says goodbye.
    try {
      await removeRunFile(paths)
      await admin.stop()
    } finally {
      await node.stop()
    }
  }
}

function runFileOf(node: HansaNode, admin: string): RunFile {
  const ingress = node.ingress()
  return {
    pid: process.pid,
    startedAt: node.startedAt,
    version,
    spiffeId: node.identities.self()?.spiffeId ?? '',
    peer: node.network.peer,
    admin,
    swarm: node.network.addresses(),
    ...(ingress === undefined ? {} : { ingress })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // Timers of the roles do not keep the process alive, sockets do: a node that listens nowhere (an agent behind NAT) lives by this.
    const alive = setInterval(() => undefined, 2 ** 30)
    const done = (): void => {
      clearInterval(alive)
      resolve()
    }
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}
