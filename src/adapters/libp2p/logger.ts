import type { ComponentLogger, Logger } from '@libp2p/interface'

function make(): Logger {
  return Object.assign(() => {}, { enabled: false, error: () => {}, trace: () => {}, newScope: make })
}

/** libp2p makes a debug logger for every stream, 5 % of the cost of one; what matters reaches Hansa's log as errors. */
export const silentLogger: ComponentLogger = { forComponent: make }
