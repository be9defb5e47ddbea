import { renewalPause } from '../core/pki/renewal.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Lifecycle } from '../ports/part.ts'
import type { Member } from '../roles/member/member.ts'
import type { HomePaths } from './home/home-paths.ts'
import { forgetReplaced, readReplaced, type Replaced } from './home/next-key.ts'

export interface GiveUpDeps {
  readonly paths: HomePaths
  readonly member: Pick<Member, 'revoke'>
  readonly clock: Clock
  readonly log: Log
  /** 0 up to 1. */
  random(): number
}

/** A node that has just met nobody knows no ACA. */
const FIRST_MS = 1_000

/** draft 3.1.2: once a node runs with a new key, it has the certificate of the old one revoked as superseded; tried until it is done, or that has ended by itself. */
export function giveUpReplaced({ paths, member, clock, log, random }: GiveUpDeps): Lifecycle {
  let failures = 0
  let cancel = () => {}
  let stopped = false

  async function attempt(old: Replaced): Promise<void> {
    try {
      if (clock.now() < old.until) await member.revoke(old.replaces, 'superseded')
      await forgetReplaced(paths)
      log.info({ serial: old.replaces }, 'the certificate of the old key has been given up')
    } catch (error) {
      failures++
      log.debug({ err: error, serial: old.replaces }, 'the certificate of the old key could not be given up yet')
      if (!stopped) cancel = clock.after(renewalPause(failures, random(), old.until - clock.now()), () => void attempt(old))
    }
  }

  return {
    async start() {
      const old = await readReplaced(paths)
      if (old !== undefined) cancel = clock.after(FIRST_MS, () => void attempt(old))
    },
    async stop() {
      stopped = true
      cancel()
    }
  }
}
