import type { ConfigOverrides } from '../../../src/node/host.ts'

/** No call of the bench is refused for its number; all else is as in any home. */
const RATE = '900000000/min'

export function benchConfig(intraDomain: 'direct' | 'gateway', record = true): ConfigOverrides {
  return {
    swarm: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    gateway: { listen: '127.0.0.1:0', intraDomain },
    admin: { listen: '127.0.0.1:0' },
    limits: { enrol: RATE, discovery: RATE, registration: RATE, status: RATE, call: RATE, infrastructure: RATE },
    sessions: { record },
    log: { level: 'warn', format: 'json' }
  }
}
