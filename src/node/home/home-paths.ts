import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** Where everything of one node is. Only `config`, `key` and `lock` are in every home. */
export interface HomePaths {
  readonly dir: string
  readonly config: string
  /** The node's one Ed25519 key, PKCS#8 PEM, mode 0600. */
  readonly key: string
  /** Own certificate chain, PEM, leaf first, root last; absent before enrolment. */
  readonly chain: string
  /** A new key with its chain, which take their places at the next start, mode 0600; absent most of the time. */
  readonly nextKey: string
  /** Which certificate the last change of keys has left behind; absent once that is revoked. */
  readonly replaced: string
  /** P-256 key and chain for TLS clients that do not know Ed25519, key 0600; only where TLS is served. */
  readonly tlsKey: string
  readonly tlsChain: string
  /** An application that waits, with the invite; mode 0600. Absent in a home that is whole. */
  readonly joining: string
  /** Root certificates, one file <domain>.pem each, the own domain's included. */
  readonly roots: string
  /** The authority of a node with the role aca: keys 0600. */
  readonly aca: { readonly dir: string; readonly rootKey: string; readonly root: string; readonly issuingKey: string; readonly issuing: string }
  /** Key of a private swarm, in libp2p's text form, mode 0600. */
  readonly swarmKey: string
  readonly data: string
  readonly adminToken: string
  /** What a client of `hansa mcp --http` shows, mode 0600; absent before that was first used. */
  readonly mcpToken: string
  readonly lock: string
  readonly pid: string
  readonly run: string
}

export function homePaths(home: string): HomePaths {
  const dir = resolve(home)
  const aca = join(dir, 'aca')
  return {
    dir,
    config: join(dir, 'config.yaml'),
    key: join(dir, 'node.key'),
    chain: join(dir, 'chain.pem'),
    nextKey: join(dir, 'next-key.json'),
    replaced: join(dir, 'replaced.json'),
    tlsKey: join(dir, 'tls.key'),
    tlsChain: join(dir, 'tls.pem'),
    joining: join(dir, 'joining.json'),
    roots: join(dir, 'roots'),
    aca: {
      dir: aca,
      rootKey: join(aca, 'root.key'),
      root: join(aca, 'root.pem'),
      issuingKey: join(aca, 'issuing.key'),
      issuing: join(aca, 'issuing.pem')
    },
    swarmKey: join(dir, 'swarm.key'),
    data: join(dir, 'data'),
    adminToken: join(dir, 'admin.token'),
    mcpToken: join(dir, 'mcp.token'),
    lock: join(dir, 'lock'),
    pid: join(dir, 'lock.pid'),
    run: join(dir, 'run.json')
  }
}

/** A path of config.yaml: relative ones begin at the home. */
export function inHome(paths: HomePaths, path: string): string {
  return isAbsolute(path) ? path : join(paths.dir, path)
}

/** The home a command means when it says none. */
export function defaultHome(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env['HANSA_HOME'] || join(homedir(), '.hansa')
}
