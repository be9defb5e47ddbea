import type { HostFunctions } from './host.ts'
import { initHome } from './init-home.ts'

/** What the command line asks of the node's own code. */
export const hostFunctions: HostFunctions = {
  init: (options) => initHome(options)
}
