import { HansaError, toHansaError } from '../../schema/errors.ts'

/** What libp2p throws when a peer cannot be dialled or a stream not be opened, as one of ours. */
export function openFailure(error: unknown, to: string, signal: AbortSignal | undefined): HansaError {
  if (error instanceof HansaError) return error
  if (signal?.aborted === true) return toHansaError(signal.reason)
  const names = errorNames(error)
  if (names.has('UnsupportedProtocolError')) return new HansaError('PROTOCOL_VERSION', `${to} does not speak this protocol`, { peer: to }, error)
  const why = names.has('EncryptionFailedError')
    ? ': it hung up during the handshake (another swarm key, or another peer at this address)'
    : names.has('TimeoutError')
      ? ': no answer in time'
      : names.has('NoValidAddressesError') || names.has('NotFoundError')
        ? ': no address is known'
        : ''
  return new HansaError('PEER_UNREACHABLE', `cannot reach ${to}${why}`, { peer: to }, error)
}

/** PORT_TAKEN or CONFIG_INVALID for what start() throws; libp2p puts the system's code only into the text. */
export function startFailure(error: unknown, listen: readonly string[]): HansaError {
  if (error instanceof HansaError) return error
  const text = error instanceof Error ? error.message : String(error)
  const address = listen.find((one) => text.includes(`${one}: listen `)) ?? listen.find((one) => text.includes(one)) ?? listen.join(', ')
  if (text.includes('EADDRINUSE')) return new HansaError('PORT_TAKEN', `another process listens on ${address} already`, { address }, error)
  if (text.includes('EADDRNOTAVAIL')) return new HansaError('CONFIG_INVALID', `swarm.listen: this machine has no address ${address}`, { address }, error)
  if (text.includes('EACCES')) return new HansaError('CONFIG_INVALID', `swarm.listen: this user may not listen on ${address}`, { address }, error)
  return new HansaError('CONFIG_INVALID', `swarm.listen: cannot listen on ${address}`, { address }, error)
}

function errorNames(error: unknown): Set<string> {
  const names = new Set<string>()
  const pending = [error]
  for (let next = pending.pop(); next !== undefined && names.size < 20; next = pending.pop()) {
    if (!(next instanceof Error)) continue
    names.add(next.name)
    if (next instanceof AggregateError) pending.push(...next.errors.slice(0, 10))
    pending.push(next.cause)
  }
  return names
}
