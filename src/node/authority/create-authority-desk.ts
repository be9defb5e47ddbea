import type { AuthorityDesk } from './authority-desk.ts'
import { exportRoot, sealRoot, showRoot, signRootListAt } from './root-desk.ts'
import { finishRolloverAt } from './rollover-finish.ts'
import { rolloverIssuingAt } from './rollover-issuing.ts'
import { activateRootAt, announceRootAt } from './rollover-root.ts'

/** `now`: milliseconds since the epoch. */
export function createAuthorityDesk(now: () => number = Date.now): AuthorityDesk {
  return {
    show: showRoot,
    seal: sealRoot,
    export: exportRoot,
    signList: signRootListAt(now),
    rolloverIssuing: rolloverIssuingAt(now),
    announceRoot: announceRootAt(now),
    activateRoot: activateRootAt(now),
    finish: finishRolloverAt(now)
  }
}
