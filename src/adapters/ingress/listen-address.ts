import { isIP } from 'node:net'
import { HansaError } from '../../schema/errors.ts'

export interface ListenAddress {
  readonly host: string
  /** 0 means any free one. */
  readonly port: number
}

/** host:port, [v6]:port. Throws CONFIG_INVALID. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535)
    throw new HansaError('CONFIG_INVALID', `not an address to listen at: ${JSON.stringify(text.slice(0, 80))}; host:port is wanted`)
  return { host, port }
}

/** Base URL under which a server that listens there is reached from its own machine. */
export function urlOf({ host, port }: ListenAddress): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`
}
