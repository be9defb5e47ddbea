import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Role } from '../../src/core/ids/role.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { createTestnet, type Testnet } from '../../src/node/testnet.ts'

/** Name by which the node's certificate is known to TLS clients. */
export const ACA_HOST = 'aca1.north.example'

/** A running ACA, and what a machine that knows nothing of Hansa has of it: an address, a root that came by a safe way, and vouchers. */
export interface AuthorityWorld {
  readonly net: Testnet
  readonly node: HansaNode
  /** For the files of a test. */
  readonly dir: string
  readonly port: string
  /** http: base URL. */
  readonly plain: string
  /** https: base URL, under the name in the certificate. */
  readonly secure: string
  /** PEM file with the root. */
  readonly roots: string
  voucher(
    name: string,
    more?: { readonly roles?: readonly Role[]; readonly dnsNames?: readonly string[] }
  ): Promise<{ voucher: string; id: string; eabKey: string }>
  file(name: string): string
  stop(): Promise<void>
}

export async function authorityWorld(env: NodeJS.ProcessEnv = {}): Promise<AuthorityWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-authority-'))
  const net = await createTestnet({ env })
  const { founder: node } = await net.domain('north.example', [{ name: 'aca1', roles: ['aca', 'agw'] }])
  const { port } = new URL(node.ingress() ?? '')
  const plain = `http://127.0.0.1:${port}`
  const roots = join(dir, 'roots.pem')
  await writeFile(roots, await (await fetch(`${plain}/aca/roots.pem`)).text())
  return {
    ...{ net, node, dir, port, plain, roots },
    secure: `https://${ACA_HOST}:${port}`,
    file: (name) => join(dir, name),
    async voucher(name, more = {}) {
      if (node.aca === undefined) throw new Error('no ACA')
      return node.aca.createVoucher({ roles: ['agent'], name, ttlMs: 600_000, ...more })
    },
    async stop() {
      await net.stop()
      await rm(dir, { recursive: true, force: true })
    }
  }
}
