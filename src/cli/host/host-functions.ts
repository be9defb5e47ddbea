import { initHome } from '../../node/init-home.ts'
import { joinHome, prepareHome } from '../../node/join-home.ts'
import type { HostFunctions } from '../../node/host.ts'
import { runDemo } from '../demo/demo.ts'
import { runAgent } from './run-agent.ts'
import { up } from './up.ts'

/** What the command line does by itself, without a node that runs already. */
export const hostFunctions: HostFunctions = { init: (options) => initHome(options), join: joinHome, prepare: prepareHome, up, runAgent, demo: runDemo }
