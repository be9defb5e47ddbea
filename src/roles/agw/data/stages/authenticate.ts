import { HansaError } from '../../../../schema/errors.ts'
import type { OriginChecker } from '../origin-checker.ts'
import type { RelayCall, Stage } from '../relay-call.ts'

/** A call ID only has to be unique for its first gateway and to fit a log line. */
const MAX_CALL_ID = 64

/** Who is behind the call: proved by the hello, by the first gateway's signed word, by the door, or when the message was kept. What the header claims is never believed. */
export function authenticate(deps: { readonly origins: OriginChecker; readonly newCallId: () => string }): Stage {
  return {
    name: 'authenticate',
    run(call) {
      if (call.entry.kind === 'gateway') return believe(call, deps.origins)
      call.principal = 'principal' in call.entry ? call.entry.principal : call.entry.caller.spiffeId
      call.callId = deps.newCallId()
    }
  }
}

function believe(call: RelayCall, origins: OriginChecker): void {
  const { header, entry } = call
  if (header.origin === undefined) throw new HansaError('UNAUTHENTICATED', 'a relayed call without the word of its first gateway')
  const assertion = origins.check(header.origin)
  if (assertion.audience !== call.target.domain)
    throw new HansaError('PERMISSION_DENIED', `the word of ${assertion.issuer} is meant for ${assertion.audience}, not for ${call.target.domain}`)
  if (header.principal !== assertion.principal) throw new HansaError('PERMISSION_DENIED', 'the header names another caller than the first gateway vouches for')
  if (header.callId === '' || header.callId.length > MAX_CALL_ID)
    throw new HansaError('MALFORMED', `a call ID of ${header.callId.length} characters; 1 to ${MAX_CALL_ID} are wanted`)
  // The hello proves the last gateway, the assertion the first; those in between are the word of their neighbours.
  if (header.path[0] !== assertion.issuer || (entry.kind === 'gateway' && header.path.at(-1) !== entry.caller.spiffeId))
    throw new HansaError('PERMISSION_DENIED', 'the path of the call does not begin with its first gateway and end with its last')
  call.principal = assertion.principal
  call.callId = header.callId
  call.origin = header.origin
}
